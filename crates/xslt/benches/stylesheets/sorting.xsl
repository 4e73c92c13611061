<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:o="http://example.org/orders" exclude-result-prefixes="o">
  <xsl:variable name="lines" select="//o:Line"/>
  <xsl:template match="/">
    <report lines="{count($lines)}">
      <xsl:for-each select="$lines">
        <xsl:sort select="o:Group"/>
        <xsl:sort select="o:Price" data-type="number" order="descending"/>
        <line>
          <xsl:choose>
            <xsl:when test="o:Qty * o:Price &gt;= 100"><xsl:attribute name="size">large</xsl:attribute></xsl:when>
            <xsl:when test="o:Qty * o:Price &gt;= 40"><xsl:attribute name="size">medium</xsl:attribute></xsl:when>
            <xsl:otherwise><xsl:attribute name="size">small</xsl:attribute></xsl:otherwise>
          </xsl:choose>
          <xsl:if test="starts-with(o:Sku, 'BX')"><flag/></xsl:if>
          <xsl:value-of select="concat(o:Sku, ' x ', o:Qty)"/>
        </line>
      </xsl:for-each>
    </report>
  </xsl:template>
</xsl:stylesheet>
