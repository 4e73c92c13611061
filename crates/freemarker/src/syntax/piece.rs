//! A template as a flat row of texts, interpolations and tags.

use std::sync::Arc;

use super::ast::{Assigned, Expr, LoopNames, OutputFormat, Setting, Target};

/// One of them, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// Where it begins, in bytes.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    pub kind: PieceKind,
}

#[derive(Debug, Clone)]
pub(super) enum PieceKind {
    Text(String),
    /// Text of a `#noparse`, which is kept as it is.
    Raw(String),
    Output(Expr),
    NumberOutput(Expr, usize, usize),
    Comment,
    /// `<#name …>`.
    Start(Tag),
    /// `</#name>`.
    End(&'static str),
    /// `<@name …>` or `<@name …/>`.
    Call(CallTag),
    /// `</@name>`.
    CallEnd(String),
}

/// A call of a macro without its body.
#[derive(Debug, Clone)]
pub(super) struct CallTag {
    pub callee: Expr,
    pub named: Vec<(Arc<str>, Expr)>,
    pub positional: Vec<Expr>,
    pub loop_names: Vec<Arc<str>>,
    /// It ends with `/>`.
    pub closed: bool,
}

/// A directive's tag.
#[derive(Debug, Clone)]
pub(super) enum Tag {
    If(Expr),
    ElseIf(Expr),
    Else,
    List(Expr, Option<LoopNames>),
    Items(LoopNames),
    Sep,
    Switch(Expr),
    Case(Expr),
    Default,
    Assign(Target, Vec<(Arc<str>, Assigned)>),
    Capture(Target, Arc<str>),
    Macro(MacroTag),
    Nested(Vec<Expr>),
    Return(Option<Expr>),
    Break,
    Continue,
    Compress,
    Attempt,
    Recover,
    Setting(Setting, Expr),
    Stop(Option<Expr>),
    Escape(Arc<str>, Expr),
    NoEscape,
    AutoEsc(bool),
    OutputFormat(OutputFormat),
    Trim { left: bool, right: bool },
    Flush,
}

/// The head of a macro or function.
#[derive(Debug, Clone)]
pub(super) struct MacroTag {
    pub name: Arc<str>,
    pub is_function: bool,
    pub parameters: Vec<(Arc<str>, Option<Expr>)>,
    pub rest: Option<Arc<str>>,
}

impl Tag {
    /// The name of its directive, to say which is not closed.
    pub fn name(&self) -> &'static str {
        match self {
            Self::If(_) => "if",
            Self::ElseIf(_) => "elseif",
            Self::Else => "else",
            Self::List(..) => "list",
            Self::Items(_) => "items",
            Self::Sep => "sep",
            Self::Switch(_) => "switch",
            Self::Case(_) => "case",
            Self::Default => "default",
            Self::Assign(target, _) | Self::Capture(target, _) => match target {
                Target::Namespace => "assign",
                Target::Local => "local",
                Target::Global => "global",
            },
            Self::Macro(head) if head.is_function => "function",
            Self::Macro(_) => "macro",
            Self::Nested(_) => "nested",
            Self::Return(_) => "return",
            Self::Break => "break",
            Self::Continue => "continue",
            Self::Compress => "compress",
            Self::Attempt => "attempt",
            Self::Recover => "recover",
            Self::Setting(..) => "setting",
            Self::Stop(_) => "stop",
            Self::Escape(..) => "escape",
            Self::NoEscape => "noescape",
            Self::AutoEsc(true) => "autoesc",
            Self::AutoEsc(false) => "noautoesc",
            Self::OutputFormat(_) => "outputformat",
            Self::Trim { .. } => "t",
            Self::Flush => "flush",
        }
    }
}
