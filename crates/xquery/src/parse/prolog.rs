//! The prolog.

use super::{Parsed, Parser};
use crate::ast::{FunctionDeclaration, Module, VariableDeclaration};

impl Parser<'_> {
    pub(super) fn module(&mut self) -> Parsed<Module> {
        if self.sees(&["xquery", "version"])? {
            self.take_words(&["xquery", "version"])?;
            self.string()?;
            if self.take_words(&["encoding"])? {
                self.string()?;
            }
            self.expect(";")?;
        }
        let (mut variables, mut functions) = (Vec::new(), Vec::new());
        loop {
            if self.sees(&["import"])? || self.sees(&["module"])? {
                return self.error("modules and schemas cannot be imported here");
            }
            if !self.sees(&["declare"])? {
                break;
            }
            self.declaration(&mut variables, &mut functions)?;
            self.expect(";")?;
        }
        let body = self.expression()?;
        self.space()?;
        if !self.rest().is_empty() {
            return self.error(format!("the query should end here{}", self.instead()));
        }
        for (name, count, at) in std::mem::take(&mut self.calls) {
            let known = functions
                .iter()
                .any(|function: &FunctionDeclaration| function.name.is(&name) && function.parameters.len() == count);
            if !known {
                let local = &name.local;
                return self.error_at(at, format!("there is no function {local} with {count} arguments"));
            }
        }
        Ok(Module { variables, functions, body })
    }

    fn declaration(
        &mut self,
        variables: &mut Vec<VariableDeclaration>,
        functions: &mut Vec<FunctionDeclaration>,
    ) -> Parsed<()> {
        let start = self.at;
        self.take("declare")?;
        if self.take_words(&["namespace"])? {
            self.space()?;
            let Some(prefix) = self.ncname().map(str::to_owned) else { return self.error("a prefix is expected") };
            self.expect("=")?;
            let uri = self.literal("a namespace")?;
            self.namespaces.push((prefix, uri));
        } else if self.take_words(&["default", "element", "namespace"])? {
            let uri = self.literal("a namespace")?;
            self.namespaces.push((String::new(), uri));
        } else if self.take_words(&["default", "function", "namespace"])? {
            self.default_function = self.literal("a namespace")?;
        } else if self.take_words(&["boundary-space"])? {
            self.keep_boundary_space = self.take_words(&["preserve"])?;
            if !self.keep_boundary_space && !self.take_words(&["strip"])? {
                return self.error("preserve or strip is expected");
            }
        } else if self.take_words(&["variable"])? {
            let name = self.variable_name()?;
            let kind = if self.take_words(&["as"])? { Some(self.sequence_type()?) } else { None };
            let value = if self.take_words(&["external"])? {
                None
            } else {
                self.expect(":=")?;
                Some(self.expression_single()?)
            };
            self.variables.push(name.clone());
            variables.push(VariableDeclaration { name, kind, value });
        } else if self.take_words(&["function"])? {
            functions.push(self.function()?);
        } else {
            self.space()?;
            let at = self.at;
            let word = self.ncname().unwrap_or("this").to_owned();
            let known = matches!(
                word.as_str(),
                "ordering" | "construction" | "copy-namespaces" | "base-uri" | "default" | "option"
            );
            return self.error_at(
                if known { start } else { at },
                format!("declare {word} is not among the declarations here: namespace, default element namespace, default function namespace, boundary-space, variable, function"),
            );
        }
        Ok(())
    }

    fn function(&mut self) -> Parsed<FunctionDeclaration> {
        self.space()?;
        let at = self.at;
        let (prefix, local) = self.qname()?;
        let default = self.default_function.clone();
        let name = self.resolve(at, prefix, local, &default)?;
        if name.namespace == super::FN {
            return self.error_at(at, "a function has to be declared with a prefix, local: for example");
        }
        let outer = self.variables.len();
        let mut parameters = Vec::new();
        self.expect("(")?;
        while !self.take(")")? {
            if !parameters.is_empty() {
                self.expect(",")?;
            }
            let name = self.variable_name()?;
            let kind = if self.take_words(&["as"])? { Some(self.sequence_type()?) } else { None };
            self.variables.push(name.clone());
            parameters.push((name, kind));
        }
        let result = if self.take_words(&["as"])? { Some(self.sequence_type()?) } else { None };
        if self.sees(&["external"])? {
            return self.error("there are no external functions");
        }
        self.expect("{")?;
        let body = self.expression()?;
        self.expect("}")?;
        self.variables.truncate(outer);
        Ok(FunctionDeclaration { name, parameters, result, body })
    }

    fn literal(&mut self, what: &str) -> Parsed<String> {
        match self.string()? {
            Some(text) => Ok(text),
            None => self.error(format!("{what} is expected in quotes{}", self.instead())),
        }
    }
}
