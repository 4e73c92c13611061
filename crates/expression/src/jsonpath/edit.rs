//! Changing a value at the places that a path leads to (for enrich).

use serde_json::Value;

use super::evaluate::Walk;
use super::{JsonPath, PathFault, Segment};

impl JsonPath {
    /// Where the path leads. An indefinite path may lead nowhere.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub fn locate(&self, root: &Value) -> Result<Vec<Vec<Segment>>, PathFault> {
        let mut places = Vec::new();
        Walk::new(root).run(&self.steps, root, &mut |_, _, trail| {
            places.push(trail.iter().map(|place| place.to_segment()).collect());
        })?;
        if places.is_empty() && self.definite {
            return Err(self.nothing());
        }
        Ok(places)
    }

    /// Replaces every match; keys are never created. Returns how many there were.
    ///
    /// # Errors
    /// Nothing matched, or a definite path is interrupted before its end.
    pub fn set(&self, root: &mut Value, value: &Value) -> Result<usize, PathFault> {
        self.update(root, |target| *target = value.clone())
    }

    /// Changes every match in place. Returns how many there were.
    ///
    /// # Errors
    /// As [`Self::set`].
    pub fn update(&self, root: &mut Value, mut change: impl FnMut(&mut Value)) -> Result<usize, PathFault> {
        let places = self.places(root)?;
        for place in &places {
            if let Some(target) = at_mut(root, place) {
                change(target);
            }
        }
        Ok(places.len())
    }

    /// Removes every match. Returns how many there were; none is an error only for a definite path.
    ///
    /// # Errors
    /// A definite path leads nowhere.
    pub fn delete(&self, root: &mut Value) -> Result<usize, PathFault> {
        let mut places = self.locate(root)?;
        // From the back, so that an index stays right while items before it are still to go.
        places.reverse();
        for place in &places {
            match place.split_last() {
                None => *root = Value::Null,
                Some((Segment::Key(key), parent)) => {
                    if let Some(Value::Object(members)) = at_mut(root, parent) {
                        members.shift_remove(key);
                    }
                }
                Some((Segment::Index(index), parent)) => {
                    if let Some(Value::Array(items)) = at_mut(root, parent)
                        && *index < items.len()
                    {
                        items.remove(*index);
                    }
                }
            }
        }
        Ok(places.len())
    }

    /// Renames the key `old` of every object that the path leads to; the member keeps its place. Returns how many objects
    /// were changed.
    ///
    /// # Errors
    /// Nothing matched, or a match has no such key.
    pub fn rename(&self, root: &mut Value, old: &str, new: &str) -> Result<usize, PathFault> {
        let mut missing = false;
        let count = self.update(root, |target| match target {
            Value::Object(members) if members.contains_key(old) => {
                let renamed = std::mem::take(members)
                    .into_iter()
                    .map(|(key, value)| if key == old { (new.to_owned(), value) } else { (key, value) });
                *members = renamed.collect();
            }
            _ => missing = true,
        })?;
        if missing {
            return Err(PathFault::NotFound(format!("No results for Key {old} found in map!")));
        }
        Ok(count)
    }

    fn places(&self, root: &Value) -> Result<Vec<Vec<Segment>>, PathFault> {
        match self.locate(root) {
            // A missing last key is nothing to change; what is missing before it has been reported in words.
            Err(PathFault::NotFound(message)) if message.starts_with("No results") => Err(PathFault::NothingMatched),
            Ok(places) if places.is_empty() => Err(PathFault::NothingMatched),
            other => other,
        }
    }
}

fn at_mut<'v>(root: &'v mut Value, place: &[Segment]) -> Option<&'v mut Value> {
    place.iter().try_fold(root, |value, segment| match segment {
        Segment::Key(key) => value.get_mut(key),
        Segment::Index(index) => value.get_mut(index),
    })
}
