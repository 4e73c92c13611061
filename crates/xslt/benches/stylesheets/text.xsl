<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:o="http://example.org/orders">
  <xsl:output method="text"/>
  <xsl:template match="/">
    <xsl:for-each select="/o:PurchaseOrder/o:Lines/o:Line">
      <xsl:value-of select="@no"/><xsl:text>;</xsl:text><xsl:value-of select="translate(o:Sku, '-', '')"/><xsl:text>;</xsl:text>
      <xsl:value-of select="format-number(o:Price, '0.00')"/><xsl:text>&#10;</xsl:text>
    </xsl:for-each>
  </xsl:template>
</xsl:stylesheet>
