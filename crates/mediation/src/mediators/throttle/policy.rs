//! Throttling policies (spec: EIP mediators 10): the present form, whose rules are nested policies, and the old one of
//! `wsp:All` and `wsp:ExactlyOne`.

use super::rate::Limit;
use crate::definition::{Definitions, DeployError, Element};

const THROTTLE: &str = "http://www.wso2.org/products/wso2commons/throttle";

/// The rule for callers that no other fits.
const OTHER: &str = "other";

/// A policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// How many messages may be on their way at once.
    pub concurrent: Option<u64>,
    /// Rules for addresses.
    pub addresses: Vec<Rule>,
    /// Rules for domains.
    pub domains: Vec<Rule>,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// Whom it is for, as written; of a range, where it begins.
    pub id: String,
    /// Where a range of addresses ends.
    to: Option<String>,
    /// What they may.
    pub access: Access,
}

/// What callers may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Allowed,
    Denied,
    Limited(Limit),
}

impl Policy {
    /// Reads a policy. One without a throttle assertion limits nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(element: Element<'_>, definitions: &Definitions<'_>) -> Result<Self, DeployError> {
        let mut policy = Self::default();
        let Some(assertion) = assertion(element) else { return Ok(policy) };
        let reader = Reader { definitions };
        for child in content(assertion) {
            match child.local() {
                "MaximumConcurrentAccess" => match reader.value(child)?.parse() {
                    Ok(limit) if limit > 0 => policy.concurrent = Some(limit),
                    Ok(_) => {}
                    Err(_) => error("Error occurred - Invalid number for maximum concurrent access "),
                },
                "Policy" | "All" => {
                    let (kind, rule) = reader.rule(child)?;
                    match kind.as_str() {
                        "IP" => policy.addresses.push(rule),
                        "DOMAIN" => policy.domains.push(rule),
                        // Roles are read, and asked by nobody here.
                        "ROLE" => {}
                        other => return Err(wrong(child, format!("Unsupported throttle type : {other}"))),
                    }
                }
                other => {
                    let message =
                        format!("Invalid throttle policy configuration : unexpected policy element with name {other}");
                    return Err(wrong(child, message));
                }
            }
        }
        Ok(policy)
    }

    /// The rule for a domain, if there is one.
    pub fn of_domain(&self, domain: &str) -> Option<&Rule> {
        let domain = domain.trim();
        if let Some(rule) = self.domains.iter().rev().find(|rule| rule.id == domain && rule.id != OTHER) {
            return Some(rule);
        }
        let mut rest = domain;
        loop {
            // The parent's own name counts too, at every level.
            let parent = rest.split_once('.').map(|(_, parent)| parent);
            let wildcard = format!("*.{}", parent.unwrap_or(rest));
            if let Some(rule) = self.domains.iter().find(|rule| rule.id.ends_with(&wildcard)) {
                return Some(rule);
            }
            let Some(parent) = parent else { return other(&self.domains) };
            if let Some(rule) = self.domains.iter().find(|rule| rule.id == parent) {
                return Some(rule);
            }
            rest = parent;
        }
    }

    /// The rule for an address, if there is one.
    pub fn of_address(&self, address: &str) -> Option<&Rule> {
        let address = address.trim();
        let exact = |id: &str| self.addresses.iter().rev().find(|rule| rule.id == id && rule.id != OTHER);
        if let Some(rule) = exact(address).filter(|rule| rule.to.is_none()) {
            return Some(rule);
        }
        if let Some((net, host)) = address.rsplit_once('.')
            && let Ok(host) = host.parse::<u32>()
        {
            if let Some(rule) = self.addresses.iter().find(|rule| rule.holds(net, host)) {
                return Some(rule);
            }
            if let Some(rule) = exact(&format!("{net}.*")) {
                return Some(rule);
            }
        }
        other(&self.addresses)
    }
}

fn other(rules: &[Rule]) -> Option<&Rule> {
    rules.iter().rev().find(|rule| rule.id == OTHER)
}

impl Rule {
    /// Whether it is a range with this address in it.
    fn holds(&self, net: &str, host: u32) -> bool {
        let last = |address: &str| {
            let (own, host) = address.trim().rsplit_once('.')?;
            Some((own == net, host.parse::<u32>().ok()?))
        };
        let Some(to) = &self.to else { return false };
        match (last(&self.id), last(to)) {
            (Some((true, from)), Some((_, to))) => (from..=to).contains(&host),
            _ => false,
        }
    }
}

fn error(message: &str) {
    tracing::error!(target: "org.apache.synapse.commons.throttle.core.ThrottleFactory", "{message}");
}

fn wrong(element: Element<'_>, message: impl std::fmt::Display) -> DeployError {
    element.error(format!("Error was occurred during throttle policy processing :  {message}"))
}

/// The throttle assertion in a policy.
fn assertion(element: Element<'_>) -> Option<Element<'_>> {
    let document = element.document();
    let is_assertion = |&node: &mi_xml::NodeId| {
        document.is_element(node)
            && document.namespace(node) == THROTTLE
            && document.local_name(node).ends_with("ThrottleAssertion")
    };
    let found = std::iter::once(element.node()).chain(document.descendants(element.node())).find(is_assertion)?;
    Some(Element::new(document, found, element.file()))
}

/// The children; those of a policy that wraps all of them count as its own.
fn content(element: Element<'_>) -> Vec<Element<'_>> {
    let children: Vec<_> = element.children().collect();
    match children.as_slice() {
        [only] if only.local() == "Policy" && child(*only, "ID").is_none() => only.children().collect(),
        _ => children,
    }
}

fn child<'a>(element: Element<'a>, local: &str) -> Option<Element<'a>> {
    element.children().find(|child| child.local() == local)
}

struct Reader<'a> {
    definitions: &'a Definitions<'a>,
}

impl Reader<'_> {
    /// The trimmed text, with references to the environment resolved.
    fn value(&self, element: Element<'_>) -> Result<String, DeployError> {
        self.definitions.resolve(element, element.text().trim())
    }

    /// A rule, and the kind of its id.
    fn rule(&self, element: Element<'_>) -> Result<(String, Rule), DeployError> {
        let incomplete = "ID and one of Valid Control policy component are Mandatory in Throttle Policy";
        let id = child(element, "ID").ok_or_else(|| wrong(element, incomplete))?;
        let kind = id.document().attribute(id.node(), THROTTLE, "type").or_else(|| id.attribute("type"));
        let kind = kind.ok_or_else(|| wrong(id, "Type of Throttle in the policy cannot be null"))?.to_owned();
        let whom = self.value(id)?;
        if whom.is_empty() {
            return Err(wrong(id, "Value of ID cannot find - invalid configuration"));
        }
        let access = match (child(element, "Policy"), child(element, "ExactlyOne")) {
            (Some(rules), _) => self.access(rules)?,
            (None, Some(rules)) => self.old_access(rules)?,
            (None, None) => return Err(wrong(element, incomplete)),
        };
        let (id, to) = match whom.split_once('-') {
            Some((from, to)) if kind == "IP" => (from.trim().to_owned(), Some(to.trim().to_owned())),
            _ => (whom, None),
        };
        Ok((kind, Rule { id, to, access }))
    }

    /// `Allow`, `Deny` or `Control`.
    fn access(&self, element: Element<'_>) -> Result<Access, DeployError> {
        if child(element, "Allow").is_some() {
            return Ok(Access::Allowed);
        }
        if child(element, "Deny").is_some() {
            return Ok(Access::Denied);
        }
        let control =
            child(element, "Control").ok_or_else(|| wrong(element, "Invalid Throttle Policy configuration"))?;
        let limits = child(control, "Policy")
            .ok_or_else(|| wrong(control, "Control Assertion must contain a wsp:Policy as child "))?;
        self.limit(limits)
    }

    /// The first of `wsp:All` and `IsAllow`.
    fn old_access(&self, element: Element<'_>) -> Result<Access, DeployError> {
        let first = element.children().next();
        match first.map(|first| (first.local(), first)) {
            Some(("All", limits)) => self.limit(limits),
            Some(("IsAllow", allow)) => match self.value(allow)?.as_str() {
                "true" => Ok(Access::Allowed),
                "false" => Ok(Access::Denied),
                _ => Err(wrong(allow, "Value for isAllow component is invalied")),
            },
            _ => Err(wrong(element, "Invalied Throttle Policy configuration")),
        }
    }

    fn limit(&self, element: Element<'_>) -> Result<Access, DeployError> {
        let (mut most, mut unit, mut prohibit, mut allowed) = (None, None, 0, false);
        for child in element.children() {
            let value = self.value(child)?;
            match child.local() {
                "ProhibitTimePeriod" if value.is_empty() => {}
                _ if value.is_empty() => {
                    return Err(wrong(child, "The policy which have  defined as optional should have value "));
                }
                "MaximumCount" => match value.parse::<i32>() {
                    Ok(count) => most = Some(u64::try_from(count).unwrap_or(0)),
                    Err(_) => {
                        error("Error occurred - Invalid number for maximum request number ");
                        allowed = true;
                    }
                },
                "UnitTime" => match value.parse::<u64>() {
                    Ok(time) if time > 0 => unit = Some(time),
                    _ => return Err(wrong(child, "Unit Time cannot find - invalid throttle policy configuration")),
                },
                "ProhibitTimePeriod" => match value.parse() {
                    Ok(time) => prohibit = time,
                    Err(_) => error("Error occurred - Invalid number for prohibit time "),
                },
                _ => return Err(wrong(child, "Undefined Policy property for Throttle Policy")),
            }
        }
        match (most, unit) {
            (_, Some(_)) if allowed => Ok(Access::Allowed),
            (Some(most), Some(unit)) => Ok(Access::Limited(Limit { most, unit, prohibit })),
            _ => Err(wrong(element, "Maximum Count and UnitTime are Mandatory in Throttle Policy ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    fn parse(inner: &str) -> Result<Policy, String> {
        let text = format!(
            "<p:Policy xmlns:p='http://schemas.xmlsoap.org/ws/2004/09/policy' xmlns:t='{THROTTLE}'>{inner}</p:Policy>"
        );
        testing::with_definitions(&text, Policy::parse).map_err(|error| error.to_string())
    }

    fn rule(id: &str, access: &str) -> String {
        format!(
            "<p:Policy><t:ID t:type='{}'>{id}</t:ID><p:Policy>{access}</p:Policy></p:Policy>",
            if id.ends_with("com") { "DOMAIN" } else { "IP" }
        )
    }

    const CONTROL: &str = "<t:Control><p:Policy><t:MaximumCount>4</t:MaximumCount><t:UnitTime>1000</t:UnitTime>\
                           <t:ProhibitTimePeriod p:Optional='true'> 500\n</t:ProhibitTimePeriod></p:Policy></t:Control>";

    #[test]
    fn rules_and_whom_they_are_for() {
        let rules = [
            rule("other", CONTROL),
            rule("10.0.0.5", "<t:Deny/>"),
            rule("10.0.0.1-10.0.0.9", "<t:Allow/>"),
            rule("10.1.0.*", "<t:Deny/>"),
            rule("*.example.com", "<t:Deny/>"),
            rule("a.net.com", "<t:Allow/>"),
        ];
        let policy = parse(&format!(
            "<t:MediatorThrottleAssertion><t:MaximumConcurrentAccess>10</t:MaximumConcurrentAccess>{}</t:MediatorThrottleAssertion>",
            rules.concat()
        ))
        .expect("well made");
        assert_eq!(policy.concurrent, Some(10));
        let address = |address: &str| policy.of_address(address).map(|rule| rule.id.as_str());
        assert_eq!(address("10.0.0.5"), Some("10.0.0.5"));
        assert_eq!(address("10.0.0.7"), Some("10.0.0.1"));
        assert_eq!(address("10.0.0.10"), Some("other"));
        assert_eq!(address("10.1.0.200"), Some("10.1.0.*"));
        assert_eq!(address("::1"), Some("other"));
        let domain = |domain: &str| policy.of_domain(domain).map(|rule| rule.id.as_str());
        assert_eq!(domain("www.example.com"), Some("*.example.com"));
        assert_eq!(domain("a.b.example.com"), Some("*.example.com"));
        assert_eq!(domain("a.net.com"), Some("a.net.com"));
        assert_eq!(domain("example.org"), None);
        let limit = Limit { most: 4, unit: 1000, prohibit: 500 };
        assert_eq!(policy.of_address("1.2.3.4").map(|rule| rule.access), Some(Access::Limited(limit)));
    }

    #[test]
    fn the_old_form() {
        let all = |rule: &str| {
            format!(
                "<t:ThrottleAssertion><p:All><t:ID t:type='IP'>other</t:ID><p:ExactlyOne>{rule}</p:ExactlyOne></p:All></t:ThrottleAssertion>"
            )
        };
        let limited =
            "<p:All><t:MaximumCount>4</t:MaximumCount><t:UnitTime>8</t:UnitTime></p:All><t:IsAllow>true</t:IsAllow>";
        let access = |rule: &str| parse(&all(rule)).map(|policy| policy.addresses.first().map(|rule| rule.access));
        let limit = Limit { most: 4, unit: 8, prohibit: 0 };
        assert_eq!(access(limited), Ok(Some(Access::Limited(limit))));
        assert_eq!(access("<t:IsAllow>false</t:IsAllow>"), Ok(Some(Access::Denied)));
        assert_eq!(parse("<t:MaximumCount>4</t:MaximumCount>"), Ok(Policy::default()), "no assertion, no limit");
    }

    #[test]
    fn what_is_wrong_is_said() {
        let assertion = |inner: &str| format!("<t:MediatorThrottleAssertion>{inner}</t:MediatorThrottleAssertion>");
        for (inner, expected) in [
            (rule("other", "<t:Control><p:Policy><t:MaximumCount>4</t:MaximumCount></p:Policy></t:Control>"), "Mandatory"),
            (rule("other", "<t:Control><p:Policy><t:UnitTime>0</t:UnitTime></p:Policy></t:Control>"), "Unit Time"),
            (rule("other", "<t:Control/>"), "must contain a wsp:Policy"),
            (rule("other", ""), "Invalid Throttle Policy"),
            ("<p:Policy><t:ID t:type='X'>a</t:ID><p:Policy><t:Deny/></p:Policy></p:Policy><t:MaximumConcurrentAccess>1</t:MaximumConcurrentAccess>".to_owned(), "Unsupported throttle type : X"),
            ("<p:Policy><t:ID>a</t:ID></p:Policy>".to_owned(), "Type of Throttle"),
            ("<t:Foo/>".to_owned(), "unexpected policy element"),
        ] {
            let error = parse(&assertion(&inner)).expect_err(&inner);
            assert!(error.contains(expected), "{inner}: {error}");
        }
    }
}
