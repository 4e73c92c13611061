<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"
    xmlns:o="http://example.org/orders" xmlns:inv="http://example.org/invoice" exclude-result-prefixes="o">
  <xsl:output method="xml" omit-xml-declaration="yes"/>
  <xsl:strip-space elements="*"/>
  <xsl:param name="currency" select="'CHF'"/>
  <xsl:template match="/"><xsl:apply-templates select="o:PurchaseOrder"/></xsl:template>
  <xsl:template match="o:PurchaseOrder">
    <inv:Invoice reference="{@id}" currency="{$currency}">
      <inv:Buyer><xsl:value-of select="o:Customer/o:Name"/></inv:Buyer>
      <inv:Items><xsl:apply-templates select="o:Lines/o:Line" mode="item"/></inv:Items>
      <xsl:apply-templates select="o:Notes"/>
    </inv:Invoice>
  </xsl:template>
  <xsl:template match="o:Line" mode="item">
    <inv:Item sku="{o:Sku}">
      <xsl:attribute name="position"><xsl:value-of select="position()"/></xsl:attribute>
      <xsl:value-of select="o:Qty * o:Price"/>
    </inv:Item>
  </xsl:template>
  <xsl:template match="o:Notes"><inv:Remark><xsl:value-of select="normalize-space(.)"/></inv:Remark></xsl:template>
</xsl:stylesheet>
