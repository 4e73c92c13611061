//! The component of the tests: does what its argument `do` says. `guest.wasm` beside this folder is it, built with
//! `cargo build --release --target wasm32-wasip2`.

use std::collections::HashMap;

use micro_integrator::mediator::message;

wit_bindgen::generate!({ path: "../../wit", world: "mediator" });

struct Test;

/// Kept between calls, if anything is.
static mut CALLS: u32 = 0;

impl Guest for Test {
    fn mediate(arguments: Vec<(String, String)>) -> Result<bool, String> {
        // A map: its order is random, so random numbers are asked for.
        let arguments: HashMap<String, String> = arguments.into_iter().collect();
        let get = |name: &str| arguments.get(name).cloned().unwrap_or_default();
        match get("do").as_str() {
            "everything" => {
                let old = message::get_property("default", "in").unwrap_or_default();
                message::set_property("transport", "X-Out", &format!("{old}!"));
                message::remove_property("default", "in");
                let variable = message::get_variable("v").unwrap_or_default();
                message::set_variable("w", &format!("{variable}?"));
                message::log("info", "at work");
                let json = message::get_payload_json()?;
                message::set_payload_xml(&format!("<json>{json}</json>"))?;
            }
            "text" => message::set_payload_text(&format!("{} {:?}", message::get_payload_text(), message::get_payload_xml())),
            "broken json" => message::set_payload_json("{")?,
            "stop" => return Ok(false),
            "fail" => return Err("it says so".to_owned()),
            "panic" => panic!("on purpose"),
            "loop" => loop {
                std::hint::black_box(());
            },
            "eat" => {
                let mut all: Vec<Vec<u8>> = Vec::new();
                loop {
                    all.push(vec![1; 1 << 20]);
                }
            }
            "count" => {
                // One thread, one instance.
                let calls = unsafe {
                    CALLS += 1;
                    CALLS
                };
                message::set_property("default", "calls", &calls.to_string());
            }
            "file" => match std::fs::read_to_string("/etc/hostname") {
                Ok(text) => return Err(text),
                Err(error) => message::set_property("default", "error", &error.to_string()),
            },
            other => return Err(format!("unknown: {other}")),
        }
        Ok(true)
    }
}

export!(Test);
