<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:l="urn:lib" xmlns:b="urn:book" exclude-result-prefixes="l b"><xsl:template match="/"><r><xsl:apply-templates select="//b:book"/><xsl:apply-templates select="//b:book" mode="short"/><xsl:apply-templates select="//b:shelf" mode="none"/></r></xsl:template>
<xsl:template match="b:book"><full id="{@id}" pos="{position()}" of="{last()}"><xsl:value-of select="b:title"/></full></xsl:template>
<xsl:template match="b:book[@lang='en']" mode="short"><en/></xsl:template>
<xsl:template match="b:*" mode="short" priority="-1"><other/></xsl:template>
<xsl:template match="*" mode="none"><n><xsl:apply-templates mode="none"/></n></xsl:template></xsl:stylesheet>
