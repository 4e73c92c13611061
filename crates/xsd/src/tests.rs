use super::*;
use mi_xml::ParseOptions;

const ORDER: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:o" targetNamespace="urn:o" elementFormDefault="qualified">
  <xs:simpleType name="Sku"><xs:restriction base="xs:string"><xs:pattern value="[A-Z]{2}-\d{3}"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Unit"><xs:restriction base="xs:string"><xs:enumeration value="kg"/><xs:enumeration value="pcs"/></xs:restriction></xs:simpleType>
  <xs:element name="order"><xs:complexType>
    <xs:sequence>
      <xs:element name="sku" type="Sku"/>
      <xs:element name="count" type="xs:positiveInteger" minOccurs="0"/>
      <xs:choice><xs:element name="unit" type="Unit"/><xs:element name="note" type="xs:string" nillable="true"/></xs:choice>
    </xs:sequence>
    <xs:attribute name="id" type="xs:int" use="required"/>
  </xs:complexType></xs:element>
</xs:schema>"#;

fn nothing(location: &str) -> Result<Vec<u8>, String> {
    Err(format!("there is no {location}"))
}

fn compile(schemas: &[(&str, &str)]) -> Result<Schemas, SchemaError> {
    let owned: Vec<_> = schemas.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    Schemas::compile(&owned, &nothing)
}

fn validate(schemas: &Schemas, text: &str) -> Vec<String> {
    let document = Document::parse(text.as_bytes(), &ParseOptions::default()).expect("well-formed");
    let root = document.root_element().expect("a root");
    schemas.validate(&document, root).into_iter().map(|violation| violation.message).collect()
}

#[test]
fn what_is_valid_and_what_is_not() {
    let schemas = compile(&[("order.xsd", ORDER)]).expect("a schema");
    let valid = "<order xmlns='urn:o' id='1'><sku>AB-123</sku><count>2</count><unit>kg</unit></order>";
    assert_eq!(validate(&schemas, valid), [""; 0]);
    for (text, expected) in [
        (
            "<o:order xmlns:o='urn:o'><o:sku>AB-123</o:sku><o:unit>kg</o:unit></o:order>",
            &["cvc-complex-type.4: Attribute 'id' must appear on element 'o:order'."][..],
        ),
        (
            "<order xmlns='urn:o' id='x'><sku>AB-123</sku><unit>kg</unit></order>",
            &[
                "cvc-datatype-valid.1.2.1: 'x' is not a valid value for 'int'.",
                "cvc-attribute.3: The value 'x' of attribute 'id' on element 'order' is not valid with respect to its type, 'int'.",
            ],
        ),
        (
            "<order xmlns='urn:o' id='1'><sku>ab</sku><unit>kg</unit></order>",
            &[
                "cvc-pattern-valid: Value 'ab' is not facet-valid with respect to pattern '[A-Z]{2}-\\d{3}' for type '#AnonType'.",
                "cvc-type.3.1.3: The value 'ab' of element 'sku' is not valid.",
            ],
        ),
        (
            "<order xmlns='urn:o' id='1'><sku>AB-123</sku><unit>lb</unit></order>",
            &[
                "cvc-enumeration-valid: Value 'lb' is not facet-valid with respect to enumeration '[kg, pcs]'. It must be a value from the enumeration.",
                "cvc-type.3.1.3: The value 'lb' of element 'unit' is not valid.",
            ],
        ),
        ("<x/>", &["cvc-elt.1: Cannot find the declaration of element 'x'."]),
    ] {
        assert_eq!(validate(&schemas, text), expected, "{text}");
    }
}

#[test]
fn content_that_is_missing_or_too_much() {
    let schemas = compile(&[("order.xsd", ORDER)]).expect("a schema");
    let missing = validate(&schemas, "<order xmlns='urn:o' id='1'><sku>AB-123</sku></order>");
    assert!(
        missing[0].starts_with("cvc-complex-type.2.4.b: The content of element 'order' is not complete."),
        "{missing:?}"
    );
    let wrong = validate(&schemas, "<order xmlns='urn:o' id='1'><wrong/></order>");
    assert!(
        wrong[0].starts_with("cvc-complex-type.2.4.a: Invalid content was found starting with element '{\"urn:o\":wrong}'. One of '{\"urn:o\":sku}' is expected."),
        "{wrong:?}"
    );
    let more =
        validate(&schemas, "<order xmlns='urn:o' id='1'><sku>AB-123</sku><unit>kg</unit><unit>kg</unit></order>");
    assert!(more[0].starts_with("cvc-complex-type.2.4."), "{more:?}");
}

#[test]
fn schemas_of_the_list_and_of_locations() {
    let types = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:t'>\
        <xs:simpleType name='Small'><xs:restriction base='xs:int'><xs:maxInclusive value='9'/></xs:restriction></xs:simpleType></xs:schema>";
    let main = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:t='urn:t' targetNamespace='urn:m'>\
        <xs:import namespace='urn:t' schemaLocation='types.xsd'/><xs:element name='n' type='t:Small'/></xs:schema>";
    let listed = compile(&[("types", types), ("main", main)]).expect("by namespace");
    let given =
        |location: &str| if location == "types.xsd" { Ok(types.as_bytes().to_vec()) } else { nothing(location) };
    let located = Schemas::compile(&[("main".to_owned(), main.as_bytes().to_vec())], &given).expect("by location");
    for schemas in [listed, located] {
        assert_eq!(validate(&schemas, "<n xmlns='urn:m'>9</n>"), [""; 0]);
        let large = validate(&schemas, "<n xmlns='urn:m'>10</n>");
        assert!(large[0].starts_with("cvc-maxInclusive-valid: Value '10' is not facet-valid"), "{large:?}");
    }
    let error = compile(&[("main", main)]).err().expect("nothing defines t:Small");
    assert_eq!(
        error.message.split(" (").next(),
        Some("src-resolve: Cannot resolve the name 't:Small' to a(n) 'type definition' component.")
    );
}

#[test]
fn types_named_in_content_are_found_by_prefixes_from_above() {
    let schemas = compile(&[(
        "s",
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:t='urn:t' targetNamespace='urn:t'>\
         <xs:complexType name='A'><xs:sequence/></xs:complexType><xs:complexType name='B'><xs:complexContent><xs:extension base='t:A'>\
         <xs:attribute name='x' use='required'/></xs:extension></xs:complexContent></xs:complexType><xs:element name='a' type='t:A'/></xs:schema>",
    )])
    .expect("a schema");
    let text =
        "<e xmlns:q='urn:t' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><q:a xsi:type='q:B' x='1'/></e>";
    let document = Document::parse(text.as_bytes(), &ParseOptions::default()).expect("well-formed");
    let inner = document.root_element().and_then(|root| document.first_child_element(root)).expect("an element");
    assert_eq!(schemas.validate(&document, inner), []);
}

#[test]
fn what_is_no_schema() {
    for (text, expected) in [
        ("<a/>", "a schema begins with xs:schema"),
        ("<a", "line 1"),
        ("<!DOCTYPE a><a/>", "line 1"),
        (
            "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:include schemaLocation='/etc/passwd'/></xs:schema>",
            "/etc/passwd: there is no /etc/passwd",
        ),
    ] {
        let error = compile(&[("s", text)]).err().expect(text);
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn schemas_can_be_shared() {
    fn shared<T: Send + Sync>() {}
    shared::<Schemas>();
}
