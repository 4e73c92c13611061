<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:l="urn:lib" xmlns:b="urn:book" exclude-result-prefixes="l b"><xsl:template match="/"><r><xsl:apply-templates select="//node()|//@*"/></r></xsl:template>
<xsl:template match="node()"><node/></xsl:template><xsl:template match="*"><any n="{name()}"/></xsl:template><xsl:template match="b:*"><ns/></xsl:template>
<xsl:template match="b:title"><title/></xsl:template><xsl:template match="b:book/b:title"><child/></xsl:template>
<xsl:template match="text()"><t l="{string-length()}"/></xsl:template><xsl:template match="comment()"><c><xsl:value-of select="."/></c></xsl:template>
<xsl:template match="processing-instruction('target')"><pi/></xsl:template><xsl:template match="@*"><at n="{local-name()}" v="{.}"/></xsl:template><xsl:template match="@id"><id/></xsl:template>
<xsl:template match="b:slot[1]"><first/></xsl:template><xsl:template match="b:row[last()]//b:slot" priority="2"><lastrow/></xsl:template>
<xsl:template match="/l:library/b:shelf[@no=2]"><two/></xsl:template><xsl:template match="b:em|b:year[.&gt;2000]"><either/></xsl:template></xsl:stylesheet>
