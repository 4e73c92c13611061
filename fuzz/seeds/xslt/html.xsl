<html xsl:version='1.0' xmlns:xsl='http://www.w3.org/1999/XSL/Transform'><head><title>t</title><script>a &lt; b</script></head>
<body><xsl:for-each select='//item'><p class='{.}'><br/><xsl:value-of select='.' disable-output-escaping='yes'/></p></xsl:for-each>
<xsl:element name='x:{name(/*)}' namespace='urn:x'><xsl:comment>c-<xsl:value-of select='1 div 0'/></xsl:comment>
<xsl:processing-instruction name='p'>d</xsl:processing-instruction></xsl:element></body></html>
