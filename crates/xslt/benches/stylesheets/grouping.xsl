<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:o="http://example.org/orders" exclude-result-prefixes="o">
  <xsl:key name="by-group" match="o:Line" use="o:Group"/>
  <xsl:decimal-format name="swiss" grouping-separator="'" decimal-separator="."/>
  <xsl:attribute-set name="stamp"><xsl:attribute name="source">orders</xsl:attribute><xsl:attribute name="version">1</xsl:attribute></xsl:attribute-set>
  <xsl:template match="/">
    <groups xsl:use-attribute-sets="stamp">
      <xsl:for-each select="//o:Line[generate-id() = generate-id(key('by-group', o:Group)[1])]">
        <xsl:sort select="o:Group"/>
        <group name="{o:Group}" lines="{count(key('by-group', o:Group))}">
          <xsl:variable name="total"><xsl:call-template name="sum"><xsl:with-param name="nodes" select="key('by-group', o:Group)"/></xsl:call-template></xsl:variable>
          <total><xsl:value-of select="format-number($total, &quot;#'##0.00&quot;, 'swiss')"/></total>
        </group>
      </xsl:for-each>
    </groups>
  </xsl:template>
  <xsl:template name="sum">
    <xsl:param name="nodes"/>
    <xsl:param name="so-far" select="0"/>
    <xsl:choose>
      <xsl:when test="$nodes">
        <xsl:call-template name="sum">
          <xsl:with-param name="nodes" select="$nodes[position() &gt; 1]"/>
          <xsl:with-param name="so-far" select="$so-far + $nodes[1]/o:Qty * $nodes[1]/o:Price"/>
        </xsl:call-template>
      </xsl:when>
      <xsl:otherwise><xsl:value-of select="$so-far"/></xsl:otherwise>
    </xsl:choose>
  </xsl:template>
</xsl:stylesheet>
