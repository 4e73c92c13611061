<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:l="urn:lib" xmlns:b="urn:book" exclude-result-prefixes="l b"><xsl:template match="/"><r><xsl:for-each select="//b:book"><xsl:sort select="b:year" data-type="number" order="descending"/><xsl:sort select="b:title"/><a id="{@id}" p="{position()}"/></xsl:for-each>
<xsl:apply-templates select="//b:slot"><xsl:sort select="." order="descending"/></xsl:apply-templates>
<xsl:for-each select="//b:book"><xsl:sort select="b:price" data-type="number"/><p><xsl:value-of select="b:price"/></p></xsl:for-each>
<xsl:variable name="o" select="'descending'"/><xsl:for-each select="//@id"><xsl:sort order="{$o}"/><i><xsl:value-of select="."/></i></xsl:for-each></r></xsl:template></xsl:stylesheet>
