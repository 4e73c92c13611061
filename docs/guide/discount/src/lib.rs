//! A mediator of one's own: takes a discount off the order in the payload.

use micro_integrator::mediator::message;

wit_bindgen::generate!({ path: "../../../crates/wasm/wit", world: "mediator" });

struct Discount;

impl Guest for Discount {
    fn mediate(arguments: Vec<(String, String)>) -> Result<bool, String> {
        let rate = arguments.iter().find(|(name, _)| name == "rate").map_or("0", |(_, value)| value);
        let rate: f64 = rate.parse().map_err(|_| format!("the rate is no number: {rate}"))?;
        let mut order: serde_json::Value =
            serde_json::from_str(&message::get_payload_json()?).map_err(|error| error.to_string())?;
        let price = order["price"].as_f64().ok_or("the order has no price")?;
        let quantity = order["quantity"].as_f64().unwrap_or(1.0);
        order["total"] = (price * quantity * (1.0 - rate / 100.0)).into();
        message::set_property("default", "discount", &rate.to_string());
        message::set_payload_json(&order.to_string())?;
        Ok(true)
    }
}

export!(Discount);
