//! JDBC URLs to addresses of the databases that are supported.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const USERINFO: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

const SUPPORTED: &str = "supported are jdbc:postgresql://host:port/db, jdbc:mysql://host:port/db, \
                         jdbc:mariadb://host:port/db and jdbc:sqlite:path";

/// A JDBC URL that leads to no database that is supported; it says which are.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct AddressError(pub String);

/// A database that is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    MySql,
    /// SQLite: for nodes on one host.
    Sqlite,
}

/// Where a database is and how to log in.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Which database.
    pub database: Database,
    url: String,
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Address").field("database", &self.database).finish_non_exhaustive()
    }
}

impl Address {
    /// Understands a JDBC URL. A user name and password in the URL's parameters give way to those given.
    ///
    /// # Errors
    /// [`AddressError`] for other databases and for URLs without host or database; it says what is supported.
    pub fn parse(jdbc: &str, username: Option<&str>, password: Option<&str>) -> Result<Self, AddressError> {
        let refused = |why: String| Err(AddressError(format!("{why}; {SUPPORTED}")));
        let Some((scheme, rest)) = jdbc.trim().strip_prefix("jdbc:").and_then(|rest| rest.split_once(':')) else {
            return refused(format!("{:?} is no JDBC URL", without_parameters(jdbc)));
        };
        match scheme.to_ascii_lowercase().as_str() {
            "postgresql" => network(Database::Postgres, rest, username, password),
            "mysql" | "mariadb" => network(Database::MySql, rest, username, password),
            "sqlite" => sqlite(rest),
            "h2" => refused(
                "jdbc:h2 is a database inside the Java process; use jdbc:sqlite:path for nodes on one host".to_owned(),
            ),
            "sqlserver" | "oracle" | "db2" => refused(format!("jdbc:{scheme} is not supported yet")),
            _ => refused(format!("jdbc:{scheme} is not supported")),
        }
    }

    /// The address in the form that the SQL library takes, with the password.
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn without_parameters(url: &str) -> &str {
    url.split(['?', ';']).next().unwrap_or_default()
}

fn sqlite(path: &str) -> Result<Address, AddressError> {
    let path = without_parameters(path.strip_prefix("file:").unwrap_or(path));
    if path.is_empty() || path.contains(":memory:") {
        return Err(AddressError(format!("jdbc:sqlite needs the path of a file that the nodes share; {SUPPORTED}")));
    }
    let path: Vec<String> = path.split('/').map(|part| utf8_percent_encode(part, USERINFO).to_string()).collect();
    Ok(Address { database: Database::Sqlite, url: format!("sqlite://{}?mode=rwc", path.join("/")) })
}

fn network(
    database: Database,
    rest: &str,
    username: Option<&str>,
    password: Option<&str>,
) -> Result<Address, AddressError> {
    let refused = |why: &str| Err(AddressError(format!("the JDBC URL has no {why}; {SUPPORTED}")));
    let (location, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    // XML configurations write `&` as `&amp;`, and both forms are found in deployment.toml.
    let parameters = parameters.replace("&amp;", "&");
    let parameter = |name: &str| {
        parameters
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    let (host, name) = match location.strip_prefix("//") {
        Some(location) => location.split_once('/').unwrap_or((location, "")),
        // PostgreSQL's short form: jdbc:postgresql:database.
        None => ("localhost", location),
    };
    if host.is_empty() {
        return refused("host");
    }
    if name.is_empty() {
        return refused("database name");
    }
    // A list of hosts is for fail-over inside the driver; the first is taken.
    let host = host.split(',').next().unwrap_or(host);
    let user = username.or_else(|| parameter("user")).unwrap_or_default();
    let secret = password.or_else(|| parameter("password"));
    let mut login = utf8_percent_encode(user, USERINFO).to_string();
    if let Some(secret) = secret {
        login = format!("{login}:{}", utf8_percent_encode(secret, USERINFO));
    }
    if !login.is_empty() {
        login.push('@');
    }
    let (scheme, mode_key) = match database {
        Database::Postgres => ("postgres", "sslmode"),
        Database::MySql | Database::Sqlite => ("mysql", "ssl-mode"),
    };
    let mode = tls_mode(database, parameter).map(|mode| format!("?{mode_key}={mode}")).unwrap_or_default();
    let name = utf8_percent_encode(name, USERINFO);
    Ok(Address { database, url: format!("{scheme}://{login}{host}/{name}{mode}") })
}

fn tls_mode<'a>(database: Database, parameter: impl Fn(&str) -> Option<&'a str>) -> Option<&'static str> {
    let is = |name: &str, value: &str| parameter(name).is_some_and(|found| found.eq_ignore_ascii_case(value));
    if database == Database::Postgres {
        return match parameter("sslmode").map(str::to_ascii_lowercase).as_deref() {
            Some("disable") => Some("disable"),
            Some("require") => Some("require"),
            Some("verify-ca") => Some("verify-ca"),
            Some("verify-full") => Some("verify-full"),
            _ if is("ssl", "true") => Some("require"),
            _ if is("ssl", "false") => Some("disable"),
            _ => None,
        };
    }
    match parameter("sslMode").map(str::to_ascii_lowercase).as_deref() {
        Some("disabled" | "disable") => Some("disabled"),
        Some("required" | "trust") => Some("required"),
        Some("verify_ca" | "verify-ca") => Some("verify_ca"),
        Some("verify_identity" | "verify-full") => Some("verify_identity"),
        _ if is("useSSL", "false") => Some("disabled"),
        _ if is("requireSSL", "true") => Some("required"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn url(jdbc: &str) -> String {
        match Address::parse(jdbc, Some("us er"), Some("p@ss/:")) {
            Ok(address) => address.url().to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn supported_urls() {
        for (jdbc, expected) in [
            ("jdbc:postgresql://db:5432/mi", "postgres://us%20er:p%40ss%2F%3A@db:5432/mi"),
            ("jdbc:postgresql://db/mi?ssl=true", "postgres://us%20er:p%40ss%2F%3A@db/mi?sslmode=require"),
            (
                "jdbc:mysql://localhost:3306/clusterdb?useSSL=false&amp;allowPublicKeyRetrieval=true",
                "mysql://us%20er:p%40ss%2F%3A@localhost:3306/clusterdb?ssl-mode=disabled",
            ),
            ("jdbc:mariadb://a:1,b:2/x", "mysql://us%20er:p%40ss%2F%3A@a:1/x"),
            ("jdbc:sqlite:/var/lib/mi/cluster db.sqlite", "sqlite:///var/lib/mi/cluster%20db.sqlite?mode=rwc"),
            ("jdbc:sqlite:cluster.db", "sqlite://cluster.db?mode=rwc"),
        ] {
            assert_eq!(url(jdbc), expected, "{jdbc}");
        }
    }

    #[test]
    fn login_from_the_parameters() {
        let address = Address::parse("jdbc:mysql://h/d?user=u&password=p", None, None).expect("supported");
        assert_eq!(address.url(), "mysql://u:p@h/d");
        assert!(!format!("{address:?}").contains(":p@"));
    }

    #[test]
    fn others_are_refused_with_what_is_supported() {
        for jdbc in [
            "jdbc:h2:./x",
            "jdbc:oracle:thin:@h:1521/SID",
            "jdbc:sqlserver://h;databaseName=d",
            "jdbc:db2://h:1/d",
            "postgres://h/d",
            "jdbc:postgresql://h",
            "jdbc:mysql:///d",
            "jdbc:sqlite::memory:",
            "",
        ] {
            assert!(url(jdbc).contains("jdbc:sqlite:path"), "{jdbc}: {}", url(jdbc));
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,60}") {
            let _ = Address::parse(&text, None, None);
            let _ = Address::parse(&format!("jdbc:postgresql:{text}"), Some(&text), Some(&text));
        }
    }
}
