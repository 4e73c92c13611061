//! What a component sees of the world.

use wasmtime::StoreLimits;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

wasmtime::component::bindgen!({
    path: "wit",
    world: "mediator",
    exports: { default: async },
});

/// The message that a component works on, as `wit/mediator.wit` describes it.
pub trait Message: Send + 'static {
    /// A property of a scope, as text.
    fn property(&mut self, scope: &str, name: &str) -> Option<String>;
    /// Sets a property.
    fn set_property(&mut self, scope: &str, name: &str, value: &str);
    /// Removes a property.
    fn remove_property(&mut self, scope: &str, name: &str);
    /// A variable, as text.
    fn variable(&mut self, name: &str) -> Option<String>;
    /// Sets a variable.
    fn set_variable(&mut self, name: &str, value: &str);
    /// The payload as JSON.
    ///
    /// # Errors
    /// Why it cannot be.
    fn payload_json(&mut self) -> Result<String, String>;
    /// The payload as XML.
    ///
    /// # Errors
    /// Why it cannot be.
    fn payload_xml(&mut self) -> Result<String, String>;
    /// The payload as text.
    fn payload_text(&mut self) -> String;
    /// Replaces the payload.
    ///
    /// # Errors
    /// When it is no JSON.
    fn set_payload_json(&mut self, json: &str) -> Result<(), String>;
    /// Replaces the payload.
    ///
    /// # Errors
    /// When it is no XML.
    fn set_payload_xml(&mut self, xml: &str) -> Result<(), String>;
    /// Replaces the payload.
    fn set_payload_text(&mut self, text: &str);
    /// Writes a line to the log.
    fn log(&mut self, level: &str, text: &str);
}

/// The state of one call.
pub(crate) struct State<M> {
    pub(crate) message: M,
    pub(crate) limits: StoreLimits,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl<M> State<M> {
    pub(crate) fn new(message: M, limits: StoreLimits) -> Self {
        // Nothing is inherited: no file, no network, no environment, no standard streams.
        Self { message, limits, wasi: WasiCtx::builder().build(), table: ResourceTable::new() }
    }
}

impl<M: Send> WasiView for State<M> {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl<M: Message> micro_integrator::mediator::message::Host for State<M> {
    fn get_property(&mut self, scope: String, name: String) -> Option<String> {
        self.message.property(&scope, &name)
    }

    fn set_property(&mut self, scope: String, name: String, value: String) {
        self.message.set_property(&scope, &name, &value);
    }

    fn remove_property(&mut self, scope: String, name: String) {
        self.message.remove_property(&scope, &name);
    }

    fn get_variable(&mut self, name: String) -> Option<String> {
        self.message.variable(&name)
    }

    fn set_variable(&mut self, name: String, value: String) {
        self.message.set_variable(&name, &value);
    }

    fn get_payload_json(&mut self) -> Result<String, String> {
        self.message.payload_json()
    }

    fn get_payload_xml(&mut self) -> Result<String, String> {
        self.message.payload_xml()
    }

    fn get_payload_text(&mut self) -> String {
        self.message.payload_text()
    }

    fn set_payload_json(&mut self, json: String) -> Result<(), String> {
        self.message.set_payload_json(&json)
    }

    fn set_payload_xml(&mut self, xml: String) -> Result<(), String> {
        self.message.set_payload_xml(&xml)
    }

    fn set_payload_text(&mut self, text: String) {
        self.message.set_payload_text(&text);
    }

    fn log(&mut self, level: String, text: String) {
        self.message.log(&level, &text);
    }
}
