<xsl:stylesheet version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform' xmlns:o='urn:o' exclude-result-prefixes='o'>
  <xsl:output method='xml' indent='yes' cdata-section-elements='note'/>
  <xsl:strip-space elements='*'/>
  <xsl:key name='by-id' match='order' use='@id'/>
  <xsl:param name='p' select="'d'"/>
  <xsl:variable name='all'><xsl:copy-of select='//order[1]'/></xsl:variable>
  <xsl:template match='/o:orders'>
    <rows n='{count(order)}-{$p}'>
      <xsl:for-each select='order'>
        <xsl:sort select='@total' data-type='number' order='descending'/>
        <xsl:call-template name='row'><xsl:with-param name='at' select='position()'/></xsl:call-template>
      </xsl:for-each>
      <xsl:apply-templates select="key('by-id', '1')" mode='m'/>
    </rows>
  </xsl:template>
  <xsl:template name='row'>
    <xsl:param name='at' select='0'/>
    <row><xsl:attribute name='k'><xsl:number value='$at' format='I'/></xsl:attribute>
      <xsl:choose>
        <xsl:when test='@total &gt; 0'><xsl:value-of select="format-number(@total, '#,##0.00')"/></xsl:when>
        <xsl:otherwise><note>none</note></xsl:otherwise>
      </xsl:choose>
    </row>
  </xsl:template>
  <xsl:template match='order[@id=1]' mode='m' priority='2'><xsl:apply-templates mode='m'/></xsl:template>
  <xsl:template match='item|text()' mode='m'><xsl:copy><xsl:value-of select='normalize-space(.)'/></xsl:copy></xsl:template>
</xsl:stylesheet>
