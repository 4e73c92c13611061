//! Who may call APIs with basic authentication and the management API: the users of the file user store (spec: runtime
//! 2.7).

use std::fmt;

/// A user.
#[derive(Clone)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// May do everything.
    pub is_admin: bool,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User({})", self.name)
    }
}

/// The users.
#[derive(Debug, Clone)]
pub struct Users(pub Vec<User>);

impl Default for Users {
    fn default() -> Self {
        Self(vec![User { name: "admin".to_owned(), password: "admin".to_owned(), is_admin: true }])
    }
}

impl Users {
    /// Whether user and password belong together. Takes as long for a wrong password as for the right one.
    pub fn verify(&self, name: &str, password: &str) -> bool {
        self.find(name, password).is_some()
    }

    /// The user of this name and password.
    pub fn find(&self, name: &str, password: &str) -> Option<&User> {
        self.0.iter().find(|user| user.name == name).filter(|user| same(user.password.as_bytes(), password.as_bytes()))
    }
}

/// Compares without stopping at the first difference.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_password_will_do() {
        let users = Users::default();
        assert!(users.verify("admin", "admin"));
        assert!(!users.verify("admin", "Admin") && !users.verify("admin", "") && !users.verify("x", "admin"));
        assert!(!format!("{users:?}").contains("password"));
    }
}
