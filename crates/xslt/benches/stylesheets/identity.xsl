<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:o="http://example.org/orders">
  <xsl:template match="@*|node()"><xsl:copy><xsl:apply-templates select="@*|node()"/></xsl:copy></xsl:template>
  <xsl:template match="o:Group"/>
  <xsl:template match="o:Qty"><o:Quantity unit="pcs"><xsl:value-of select="."/></o:Quantity></xsl:template>
  <xsl:template match="o:Line[@no='2']/o:Price/text()">150.00</xsl:template>
</xsl:stylesheet>
