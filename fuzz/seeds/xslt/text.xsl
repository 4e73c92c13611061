<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform' xmlns:exsl='http://exslt.org/common' xmlns:str='http://exslt.org/strings'>
  <xsl:output method='text'/>
  <xsl:decimal-format name='eu' decimal-separator=',' grouping-separator='.'/>
  <xsl:variable name='tree'><a>1</a><a>2</a></xsl:variable>
  <xsl:template match='/'>
    <xsl:for-each select='exsl:node-set($tree)/a'><xsl:value-of select="concat(., ';', position(), '&#10;')"/></xsl:for-each>
    <xsl:value-of select="translate(substring-before(string(//item), 'x'), 'ab', 'AB')"/>
    <xsl:if test="lang('de') or function-available('str:tokenize')"><xsl:value-of select='generate-id()'/></xsl:if>
    <xsl:number level='multiple' count='order|item' format='1.a'/>
    <xsl:value-of select="format-number(-1234.5, '#.##0,0', 'eu')"/>
    <xsl:message terminate='no'>told</xsl:message>
    <xsl:fallback/>
  </xsl:template>
</xsl:stylesheet>
