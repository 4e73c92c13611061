//! Documents that are valid for one validator are valid for the other: this crate and `xmllint` (package
//! `libxml2-utils`) agree on each line of the tables below.

use std::path::Path;
use std::process::{Command, Stdio};

use mi_xml::{Document, ParseOptions};
use mi_xsd::Schemas;

/// Declarations, and documents for them.
const CASES: &[(&str, &[&str])] = &[
    (
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b' maxOccurs='2'/><xs:element name='c' minOccurs='0'/></xs:sequence></xs:complexType></xs:element>",
        &[
            "<a><b/></a>",
            "<a><b/><b/><c/></a>",
            "<a><b/><b/><b/></a>",
            "<a><c/></a>",
            "<a><c/><b/></a>",
            "<a>t<b/></a>",
            "<a x='1'><b/></a>",
            "<z/>",
        ],
    ),
    (
        "<xs:element name='a'><xs:complexType mixed='true'><xs:choice minOccurs='0' maxOccurs='unbounded'><xs:element name='b' type='xs:int'/><xs:element name='c' type='xs:date'/></xs:choice></xs:complexType></xs:element>",
        &["<a/>", "<a>x<b>1</b>y<c>2026-01-31</c></a>", "<a><b>1.5</b></a>", "<a><c>2026-02-30</c></a>", "<a><d/></a>"],
    ),
    (
        "<xs:element name='a'><xs:complexType><xs:all><xs:element name='b'/><xs:element name='c' minOccurs='0'/></xs:all></xs:complexType></xs:element>",
        &["<a><b/><c/></a>", "<a><c/><b/></a>", "<a><c/></a>", "<a><b/><b/></a>"],
    ),
    (
        "<xs:complexType name='Base'><xs:sequence><xs:element name='b'/></xs:sequence><xs:attribute name='x' type='xs:boolean'/></xs:complexType>\
         <xs:complexType name='More'><xs:complexContent><xs:extension base='Base'><xs:sequence><xs:element name='c'/></xs:sequence><xs:attribute name='y' use='required'/></xs:extension></xs:complexContent></xs:complexType>\
         <xs:element name='a' type='More'/><xs:element name='base' type='Base'/>",
        &[
            "<a y='1'><b/><c/></a>",
            "<a y='1' x='true'><b/><c/></a>",
            "<a><b/><c/></a>",
            "<a y='1' x='maybe'><b/><c/></a>",
            "<a y='1'><c/></a>",
            "<base xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='More' y='1'><b/><c/></base>",
            "<base xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='Nope'><b/></base>",
        ],
    ),
    (
        "<xs:element name='a'><xs:complexType><xs:simpleContent><xs:extension base='xs:decimal'><xs:attribute name='cur'><xs:simpleType><xs:restriction base='xs:token'><xs:enumeration value='CHF'/><xs:enumeration value='EUR'/></xs:restriction></xs:simpleType></xs:attribute></xs:extension></xs:simpleContent></xs:complexType></xs:element>",
        &["<a cur='CHF'>1.50</a>", "<a>7</a>", "<a cur='USD'>1</a>", "<a>x</a>", "<a><b/></a>"],
    ),
    (
        "<xs:element name='a'><xs:simpleType><xs:restriction base='xs:string'><xs:minLength value='2'/><xs:maxLength value='4'/><xs:pattern value='[a-z]+\\d?'/></xs:restriction></xs:simpleType></xs:element>",
        &["<a>ab</a>", "<a>abc1</a>", "<a>a</a>", "<a>abcde</a>", "<a>A1</a>", "<a>ab12</a>"],
    ),
    (
        "<xs:element name='a'><xs:simpleType><xs:restriction base='xs:decimal'><xs:totalDigits value='5'/><xs:fractionDigits value='2'/><xs:minExclusive value='0'/><xs:maxInclusive value='999.99'/></xs:restriction></xs:simpleType></xs:element>",
        &["<a>1.25</a>", "<a>0</a>", "<a>1.255</a>", "<a>999.99</a>", "<a>1000</a>", "<a>-1</a>"],
    ),
    (
        "<xs:simpleType name='L'><xs:list itemType='xs:int'/></xs:simpleType><xs:simpleType name='U'><xs:union memberTypes='xs:int xs:boolean'/></xs:simpleType>\
         <xs:element name='l' type='L'/><xs:element name='u' type='U'/>",
        &["<l>1 2 3</l>", "<l/>", "<l>1 x</l>", "<u>7</u>", "<u>true</u>", "<u>yes</u>"],
    ),
    (
        "<xs:element name='a' type='xs:string' nillable='true'/><xs:element name='f' type='xs:string' fixed='one'/>",
        &[
            "<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:nil='true'/>",
            "<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:nil='true'>x</a>",
            "<f>one</f>",
            "<f>two</f>",
            "<f xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:nil='true'/>",
        ],
    ),
    (
        "<xs:element name='head' abstract='true'/><xs:element name='one' type='xs:int' substitutionGroup='head'/><xs:element name='a'><xs:complexType><xs:sequence><xs:element ref='head'/></xs:sequence></xs:complexType></xs:element>",
        &["<a><one>1</one></a>", "<a><head/></a>", "<a><one>x</one></a>"],
    ),
    (
        "<xs:group name='g'><xs:sequence><xs:element name='x'/><xs:element name='y'/></xs:sequence></xs:group><xs:attributeGroup name='ag'><xs:attribute name='p' use='required'/><xs:attribute name='q'/></xs:attributeGroup>\
         <xs:element name='a'><xs:complexType><xs:group ref='g' maxOccurs='2'/><xs:attributeGroup ref='ag'/></xs:complexType></xs:element>",
        &[
            "<a p='1'><x/><y/></a>",
            "<a p='1' q='2'><x/><y/><x/><y/></a>",
            "<a p='1'><x/><y/><x/></a>",
            "<a><x/><y/></a>",
        ],
    ),
    (
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='b'/><xs:any namespace='##other' processContents='lax' minOccurs='0' maxOccurs='unbounded'/></xs:sequence><xs:anyAttribute processContents='skip'/></xs:complexType></xs:element>",
        &["<a any='1'><b/><o:x xmlns:o='urn:o'/></a>", "<a><b/><x/></a>", "<a><b/></a>"],
    ),
    (
        "<xs:element name='a'><xs:complexType><xs:sequence><xs:element name='i' maxOccurs='unbounded'><xs:complexType><xs:attribute name='id' type='xs:int'/><xs:attribute name='of' type='xs:int'/></xs:complexType></xs:element></xs:sequence></xs:complexType>\
         <xs:key name='k'><xs:selector xpath='i'/><xs:field xpath='@id'/></xs:key><xs:keyref name='r' refer='k'><xs:selector xpath='i'/><xs:field xpath='@of'/></xs:keyref></xs:element>",
        &[
            "<a><i id='1'/><i id='2' of='1'/></a>",
            "<a><i id='1'/><i id='1'/></a>",
            "<a><i id='1' of='9'/></a>",
            "<a><i/></a>",
        ],
    ),
    (
        "<xs:simpleType name='I'><xs:restriction base='xs:int'><xs:maxInclusive value='5'/></xs:restriction></xs:simpleType><xs:simpleType name='N'><xs:restriction base='xs:string'><xs:enumeration value='none'/></xs:restriction></xs:simpleType>\
         <xs:simpleType name='U1'><xs:union memberTypes='I N'/></xs:simpleType><xs:element name='u1' type='U1'/>\
         <xs:element name='u2'><xs:simpleType><xs:union><xs:simpleType><xs:restriction base='xs:int'/></xs:simpleType><xs:simpleType><xs:restriction base='xs:token'><xs:enumeration value='x'/></xs:restriction></xs:simpleType></xs:union></xs:simpleType></xs:element>\
         <xs:element name='u3'><xs:complexType><xs:attribute name='v' type='U1'/><xs:attribute name='l'><xs:simpleType><xs:list itemType='I'/></xs:simpleType></xs:attribute></xs:complexType></xs:element>",
        &[
            "<u1>5</u1>",
            "<u1>none</u1>",
            "<u1>6</u1>",
            "<u1>x</u1>",
            "<u2>1</u2>",
            "<u2>x</u2>",
            "<u2>y</u2>",
            "<u3 v='5'/>",
            "<u3 v='none'/>",
            "<u3 v='6'/>",
            "<u3 l='1 2'/>",
            "<u3 l='1 9'/>",
        ],
    ),
    (
        "<xs:group name='g'><xs:choice><xs:element name='x'/><xs:element name='y'/></xs:choice></xs:group>\
         <xs:element name='a'><xs:complexType><xs:sequence><xs:group ref='g' minOccurs='0' maxOccurs='2'/><xs:element name='z'/></xs:sequence></xs:complexType></xs:element>\
         <xs:element name='c'><xs:complexType><xs:choice><xs:group ref='g'/><xs:sequence><xs:element name='p'/><xs:element name='q' minOccurs='0' maxOccurs='3'/></xs:sequence></xs:choice></xs:complexType></xs:element>\
         <xs:element name='s'><xs:complexType><xs:sequence maxOccurs='unbounded'><xs:element name='k'/><xs:element name='v' minOccurs='0'/></xs:sequence></xs:complexType></xs:element>\
         <xs:element name='n'><xs:complexType><xs:sequence><xs:sequence minOccurs='2' maxOccurs='3'><xs:element name='k'/><xs:choice><xs:element name='v'/><xs:element name='w'/></xs:choice></xs:sequence><xs:element name='e' minOccurs='0'/></xs:sequence></xs:complexType></xs:element>",
        &[
            "<a><z/></a>",
            "<a><x/><z/></a>",
            "<a><x/><y/><z/></a>",
            "<a><x/><y/><x/><z/></a>",
            "<c><x/></c>",
            "<c><p/></c>",
            "<c><p/><q/><q/></c>",
            "<c><x/><p/></c>",
            "<s><k/><k/><v/></s>",
            "<s><v/></s>",
            "<s><k/><v/><v/></s>",
            "<n><k/><v/><k/><w/></n>",
            "<n><k/><v/></n>",
            "<n><k/><v/><k/><v/><k/><v/><e/></n>",
            "<n><k/><v/><k/><v/><k/><v/><k/><v/></n>",
        ],
    ),
    (
        "<xs:complexType name='B'><xs:sequence><xs:element name='x' minOccurs='0'/><xs:element name='y' minOccurs='0'/></xs:sequence><xs:attribute name='p'/></xs:complexType>\
         <xs:complexType name='R'><xs:complexContent><xs:restriction base='B'><xs:sequence><xs:element name='x'/></xs:sequence><xs:attribute name='p' use='required'/></xs:restriction></xs:complexContent></xs:complexType>\
         <xs:complexType name='E'/><xs:complexType name='R2'><xs:complexContent><xs:restriction base='B'><xs:attribute name='p' use='prohibited'/></xs:restriction></xs:complexContent></xs:complexType><xs:element name='r2' type='R2'/><xs:element name='r' type='R'/><xs:element name='e' type='E'/><xs:element name='m'><xs:complexType mixed='true'/></xs:element>\
         <xs:element name='q'><xs:complexType><xs:complexContent><xs:extension base='B'><xs:choice><xs:element name='i'/><xs:element name='j'/></xs:choice></xs:extension></xs:complexContent></xs:complexType></xs:element>\
         <xs:element name='h'><xs:complexType><xs:sequence><xs:element name='d' default='5' type='xs:int'/></xs:sequence><xs:attribute name='z' fixed='1'/><xs:attribute name='no' use='prohibited'/></xs:complexType></xs:element>",
        &[
            "<r2/>",
            "<r2 p='1'/>",
            "<r2><x/></r2>",
            "<r p='1'><x/></r>",
            "<r><x/></r>",
            "<r p='1'><y/></r>",
            "<r p='1'/>",
            "<e/>",
            "<e>t</e>",
            "<e><x/></e>",
            "<m>t</m>",
            "<m><x/></m>",
            "<q><i/></q>",
            "<q><x/><y/><j/></q>",
            "<q><x/></q>",
            "<q><i/><x/></q>",
            "<h><d/></h>",
            "<h><d>7</d></h>",
            "<h><d>x</d></h>",
            "<h z='1'><d/></h>",
            "<h z='2'><d/></h>",
            "<h no='1'><d/></h>",
        ],
    ),
    (
        "<xs:element name='t'><xs:complexType><xs:attribute name='dt' type='xs:dateTime'/><xs:attribute name='ti' type='xs:time'/><xs:attribute name='du' type='xs:duration'/><xs:attribute name='b' type='xs:base64Binary'/><xs:attribute name='h' type='xs:hexBinary'/><xs:attribute name='u' type='xs:unsignedByte'/><xs:attribute name='d' type='xs:double'/><xs:attribute name='n' type='xs:NCName'/><xs:attribute name='l' type='xs:language'/><xs:attribute name='y' type='xs:gYear'/></xs:complexType></xs:element>",
        &[
            "<t dt='2026-03-14T12:00:00Z' ti='12:00:00.5' du='P1DT2H' b='YWJj' h='0aFF' u='255' d='1e3' n='a-b' l='de-CH' y='2026'/>",
            "<t dt='2026-03-14'/>",
            "<t ti='25:00:00'/>",
            "<t du='1D'/>",
            "<t h='0'/>",
            "<t u='256'/>",
            "<t d='INF'/>",
            "<t d='one'/>",
            "<t n='a:b'/>",
            "<t l='!'/>",
            "<t y='26'/>",
        ],
    ),
];

fn theirs(schema: &Path, document: &Path) -> bool {
    let done = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .args([schema, document])
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .output()
        .expect("xmllint is needed for this test; it is in the package libxml2-utils");
    match done.status.code() {
        Some(0) => true,
        Some(3 | 4) => false,
        _ => panic!("{}", String::from_utf8_lossy(&done.stderr)),
    }
}

#[test]
fn agrees_with_xmllint() {
    let folder = tempfile::tempdir().expect("a folder");
    let (schema_file, document_file) = (folder.path().join("s.xsd"), folder.path().join("d.xml"));
    let (mut count, mut differences) = (0, Vec::new());
    for (declarations, documents) in CASES {
        let schema = format!("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>{declarations}</xs:schema>");
        std::fs::write(&schema_file, &schema).expect("writable");
        let none = |location: &str| Err(format!("no {location}"));
        let schemas = Schemas::compile(&[("s".to_owned(), schema.into_bytes())], &none).expect(declarations);
        for text in *documents {
            std::fs::write(&document_file, text).expect("writable");
            let document = Document::parse(text.as_bytes(), &ParseOptions::default()).expect("well-formed");
            let found = schemas.validate(&document, document.root_element().expect("a root"));
            if found.is_empty() != theirs(&schema_file, &document_file) {
                differences.push(format!("{text} for {declarations}: ours {found:?}"));
            }
            count += 1;
        }
    }
    assert!(count > 70, "only {count} documents");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
