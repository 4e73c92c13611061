(1 to 3, 2.5 idiv 1, -7 mod 2, 1e0 div 0, 'a' || "b"), (1, 2)[. = 2], some $x in (1, 2) satisfies $x > 1,
every $y in () satisfies false(), '5' cast as xs:decimal, 'x' castable as xs:int, replace('a.b', '\.', '-'), tokenize('a,b', ','),
matches('abc', '^a.*$'), substring('hello', 2, 3), round(2.5), distinct-values((1, 1.0, '1')), //ancestor-or-self::*[last()]
