<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:l="urn:lib" xmlns:b="urn:book" exclude-result-prefixes="l b"><xsl:output method="text"/><xsl:template match="/"><xsl:for-each select="//b:book"><x><xsl:value-of select="concat(@id,':',b:author)"/></x><xsl:text>
</xsl:text></xsl:for-each></xsl:template></xsl:stylesheet>
