xquery version "1.0";
declare namespace o = "urn:o";
declare variable $d as document-node() external;
declare variable $n external;
declare function local:f($a as xs:integer, $b) as xs:integer { if ($a le 0) then 0 else $a + local:f($a - 1, $b) };
<rows n="{$n}">{
  for $order at $i in $d/o:orders/order
  let $items := $order/item[. != 'x']
  where $order/@total > 5
  order by xs:decimal($order/@total) descending, $i
  return element row { attribute id { $order/@id }, text { string-join($items, ',') }, local:f(3, $items) }
}</rows>
