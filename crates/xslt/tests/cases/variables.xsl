<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:l="urn:lib" xmlns:b="urn:book" exclude-result-prefixes="l b"><xsl:param name="given" select="'default'"/><xsl:param name="other" select="concat($given, '!')"/><xsl:variable name="late" select="$later + 1"/><xsl:variable name="later" select="41"/>
<xsl:variable name="tree"><a><b>1</b><b>2</b></a></xsl:variable><xsl:variable name="empty"/>
<xsl:template match="/"><r g="{$given}" o="{$other}" l="{$late}"><xsl:copy-of select="$tree"/><xsl:value-of select="$tree"/>
<xsl:if test="$tree">true</xsl:if><xsl:if test="not($empty)">empty</xsl:if><xsl:variable name="x" select="1"/><xsl:for-each select="//b:book"><xsl:variable name="y" select="$x + position()"/><y><xsl:value-of select="$y"/></y></xsl:for-each>
<xsl:variable name="text"><xsl:text>a</xsl:text><xsl:value-of select="2"/></xsl:variable><xsl:value-of select="concat($text, '/', $text = 'a2', '/', string-length($text))"/>
<xsl:call-template name="t"><xsl:with-param name="p" select="//b:book[1]/@id"/></xsl:call-template><xsl:call-template name="t"/></r></xsl:template>
<xsl:template name="t"><xsl:param name="p">none</xsl:param><xsl:param name="q" select="concat($p,'-q')"/><t><xsl:value-of select="$p"/>,<xsl:value-of select="$q"/></t></xsl:template></xsl:stylesheet>
