declare boundary-space preserve; declare variable $d external;
($d//order[item][2]/preceding-sibling::*/@*, $d/*/order/following::node(), count($d//text()), $d//comment(), name(($d//order)[1]),
<a b="{1 + 1}x{{}}"> <![CDATA[c]]>&lt;<!--d--><?p e?>{ (: note :) }</a>, comment { 'c' }, document { <r/> }, deep-equal(<a/>, <a/>)) ! string(.)
