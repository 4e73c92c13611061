//! XPath beside libxml2: thousands of generated expressions on generated documents have to give the same results.
//!
//! libxml2 is asked through `xmllint`'s shell, many expressions in one process. `bin/test.sh` installs it (Debian:
//! package libxml2-utils).

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use mi_xml::xpath::{NoEnvironment, NodeRef, Value, XPath};
use mi_xml::{Document, ParseOptions};

const DOCUMENTS: u64 = 60;
const EXPRESSIONS: u64 = 120;
const NAMES: [&str; 5] = ["a", "b", "c", "p:a", "p:d"];
const ATTRIBUTES: [&str; 3] = ["id", "k", "p:k"];

/// A small generator of pseudo-random numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % sides
    }

    fn pick<'s>(&mut self, from: &[&'s str]) -> &'s str {
        from[self.roll(from.len())]
    }
}

fn document(dice: &mut Dice) -> String {
    let mut text = String::from("<r xmlns:p='urn:p' id='r'>");
    let mut budget = 30;
    content(dice, &mut text, &mut budget, 0);
    text + "</r>"
}

fn content(dice: &mut Dice, text: &mut String, budget: &mut i32, depth: usize) {
    while *budget > 0 && dice.roll(4) > 0 {
        *budget -= 1;
        match dice.roll(10) {
            0 => text.push_str(dice.pick(&["<!--x-->", "<!--7-->", "<?pi z?>", "<?q 1?>"])),
            1..=3 => text.push_str(dice.pick(&["1", "2", "x", " y ", "7.5", "-3", "two words"])),
            _ => {
                let name = dice.pick(&NAMES);
                let _ = write!(text, "<{name}");
                for attribute in ATTRIBUTES {
                    if dice.roll(3) == 0 {
                        let _ = write!(text, " {attribute}='{}'", dice.roll(9));
                    }
                }
                text.push('>');
                if depth < 7 {
                    content(dice, text, budget, depth + 1);
                }
                let _ = write!(text, "</{name}>");
            }
        }
    }
}

fn path(dice: &mut Dice, depth: usize) -> String {
    let mut path = String::from(dice.pick(&["/", "//", "", "", "./", "(//a)[1]/"]));
    for step in 0..=dice.roll(3) {
        if step > 0 {
            path.push_str(dice.pick(&["/", "/", "//"]));
        }
        let test = dice.pick(&[
            "a",
            "b",
            "c",
            "p:a",
            "*",
            "p:*",
            "node()",
            "text()",
            "comment()",
            "processing-instruction()",
            "processing-instruction('pi')",
        ]);
        match dice.roll(16) {
            0 => path.push_str(".."),
            1 => path.push('.'),
            2 => path.push_str(dice.pick(&["@id", "@k", "@*", "@p:k", "@p:*", "@node()"])),
            3..=9 => path.push_str(test),
            _ => {
                let axis = dice.pick(&[
                    "ancestor",
                    "ancestor-or-self",
                    "child",
                    "descendant",
                    "descendant-or-self",
                    "following",
                    "following-sibling",
                    "parent",
                    "preceding",
                    "preceding-sibling",
                    "self",
                ]);
                let _ = write!(path, "{axis}::{test}");
            }
        }
        if !path.ends_with('.') && depth < 2 && dice.roll(3) == 0 {
            let _ = write!(path, "[{}]", predicate(dice, depth + 1));
            if dice.roll(4) == 0 {
                let _ = write!(path, "[{}]", predicate(dice, depth + 1));
            }
        }
    }
    path
}

fn predicate(dice: &mut Dice, depth: usize) -> String {
    match dice.roll(8) {
        0 | 1 => (1 + dice.roll(3)).to_string(),
        2 => "last()".to_owned(),
        3 => format!("position() {} {}", dice.pick(&["<", ">", "=", "!=", "<="]), 1 + dice.roll(3)),
        4 => path(dice, depth),
        5 => format!("not({})", path(dice, depth)),
        _ => boolean(dice, depth),
    }
}

fn operand(dice: &mut Dice, depth: usize) -> String {
    match dice.roll(5) {
        0 => number(dice, depth + 1),
        1 => string(dice, depth + 1),
        2 => dice.pick(&["1", "2", "'x'", "'1'", "7.5", "true()"]).to_owned(),
        _ => path(dice, depth + 1),
    }
}

fn boolean(dice: &mut Dice, depth: usize) -> String {
    let (left, right) = (operand(dice, depth), operand(dice, depth));
    let comparison = format!("{left} {} {right}", dice.pick(&["=", "!=", "<", ">", "<=", ">="]));
    match dice.roll(6) {
        0 => format!("{comparison} or {}", path(dice, depth + 1)),
        1 => format!("{comparison} and {}", path(dice, depth + 1)),
        2 => format!("contains({}, {})", string(dice, depth + 1), dice.pick(&["'x'", "'1'", "''"])),
        _ => comparison,
    }
}

fn number(dice: &mut Dice, depth: usize) -> String {
    if depth > 3 {
        return dice.roll(5).to_string();
    }
    let path = path(dice, depth);
    match dice.roll(7) {
        0 => format!("count({path})"),
        1 => format!("sum(({path})[number(.) = .])"),
        2 => format!("{} {} {}", number(dice, depth + 1), dice.pick(&["+", "-", "*", "div", "mod"]), dice.roll(4)),
        3 => format!("string-length({path})"),
        4 => format!("{}(number({path}) div 2)", dice.pick(&["floor", "ceiling", "round"])),
        5 => format!("-count({path})"),
        _ => format!("number({path})"),
    }
}

fn string(dice: &mut Dice, depth: usize) -> String {
    if depth > 3 {
        return "'x'".to_owned();
    }
    let path = path(dice, depth);
    match dice.roll(8) {
        0 => format!("name({path})"),
        1 => format!("concat({path}, '~', {})", string(dice, depth + 1)),
        2 => format!("substring({path}, {}, {})", dice.roll(3), dice.roll(4)),
        3 => format!("substring-before({path}, {})", dice.pick(&["'x'", "'.'", "' '"])),
        4 => format!("normalize-space({path})"),
        5 => format!("translate({path}, 'xy1', 'XZ')"),
        6 => format!("namespace-uri({path})"),
        _ => format!("string({path})"),
    }
}

/// The questions that pin down the value of one expression, each with an atomic answer.
fn questions(dice: &mut Dice) -> Vec<String> {
    match dice.roll(4) {
        0 => vec![boolean(dice, 1)],
        1 => vec![number(dice, 1)],
        2 => vec![string(dice, 1)],
        _ => {
            let nodes = match dice.roll(5) {
                0 => format!("{} | {}", path(dice, 0), path(dice, 0)),
                _ => path(dice, 0),
            };
            // Where the node stands, and what it is.
            let nth = |n: &str| {
                let node = format!("({nodes})[{n}]");
                format!(
                    "concat(count({node}/preceding::node()), ' ', count({node}/ancestor::node()), ' ', name({node}), ' ', {node})"
                )
            };
            vec![format!("count({nodes})"), nth("1"), nth("2"), nth("3"), nth("last()"), format!("boolean({nodes})")]
        }
    }
}

/// The shell reads lines of limited length.
const LONGEST: usize = 380;

fn ask_libxml2(document: &str, questions: &[String]) -> Option<Vec<String>> {
    let file = tempfile::NamedTempFile::new().ok()?;
    std::fs::write(file.path(), document).ok()?;
    let mut child = Command::new("xmllint")
        .arg("--shell")
        .arg(file.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut input = String::from("setns p=urn:p\n");
    for question in questions {
        let _ = writeln!(input, "xpath {question}");
    }
    let mut stdin = child.stdin.take()?;
    // A thread of its own, so that neither side waits for the other with a full pipe.
    let writer = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().ok()?;
    writer.join().ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answers = text.split("/ > ").skip(2).map(|answer| answer.strip_suffix('\n').unwrap_or(answer).to_owned());
    Some(answers.take(questions.len()).collect())
}

fn ask_us(document: &Document, question: &str) -> String {
    let xpath = XPath::compile(question, &[("p", "urn:p")]).unwrap_or_else(|error| panic!("{question}: {error}"));
    let context = NodeRef::new(document, document.root());
    match xpath.evaluate(context, &NoEnvironment).unwrap_or_else(|error| panic!("{question}: {error}")) {
        Value::Boolean(value) => format!("Object is a Boolean : {value}"),
        value @ Value::Number(_) => format!("Object is a number : {}", value.into_string()),
        value => format!("Object is a string : {}", value.into_string()),
    }
}

/// The same, but for the shell printing six digits of a number and the beginning of a long string.
fn agree(ours: &str, theirs: &str) -> bool {
    let number = |text: &str| text.strip_prefix("Object is a number : ")?.parse::<f64>().ok();
    match (number(ours), number(theirs), theirs.strip_suffix("...")) {
        (Some(ours), Some(theirs), _) => {
            ours == theirs || (ours - theirs).abs() <= 1e-5 * ours.abs() || (ours.is_nan() && theirs.is_nan())
        }
        (_, _, Some(beginning)) => ours.starts_with(beginning),
        _ => ours == theirs,
    }
}

#[test]
fn xpath_agrees_with_libxml2() {
    let mut compared = 0;
    for seed in 1..=DOCUMENTS {
        let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let text = document(&mut dice);
        let mut asked = Vec::new();
        for _ in 0..EXPRESSIONS {
            asked.extend(questions(&mut dice).into_iter().filter(|question| question.len() < LONGEST));
        }
        let theirs = ask_libxml2(&text, &asked).expect("xmllint answers");
        let document = Document::parse(text.as_bytes(), &ParseOptions::default()).expect("well-formed");
        assert_eq!(theirs.len(), asked.len());
        for (question, theirs) in asked.iter().zip(theirs) {
            let ours = ask_us(&document, question);
            assert!(agree(&ours, &theirs), "\n{question}\nours   {ours}\ntheirs {theirs}\non {text}");
            compared += 1;
        }
    }
    assert!(compared > 10_000, "{compared}");
}
