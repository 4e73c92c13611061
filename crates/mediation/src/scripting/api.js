// What scripts call `mc`, and the XML nodes that it gives. Below all is `__host`, which the host answers.
(function () {
    'use strict';
    const host = __host;
    const { classes, logger, QName, ArrayList, iterator } = __java;
    // Rhino works with E4X where the others work with text.
    const rhino = typeof __e4x === 'object';
    const isE4x = value => rhino && __e4x.isXml(value);

    class OMNamespace {
        constructor(uri, prefix) { this.uri = uri; this.prefix = prefix; }
        getNamespaceURI() { return this.uri; }
        getName() { return this.uri; }
        getPrefix() { return this.prefix; }
        toString() { return this.uri; }
    }

    const node = handle => handle === null ? null : host('om.isElement', handle) ? new OMElement(handle) : new OMText(handle);
    const nodes = text => text === '' ? [] : text.split(',').map(handle => node(+handle));
    const nameOf = name => name instanceof QName ? name : new QName('', String(name));
    const elementsOf = (element, fits) => iterator(element.elements().filter(fits));

    class OMNode {
        constructor(handle) { this.handle = handle; }
        getParent() { return node(host('om.parent', this.handle)); }
        getNextOMSibling() { return node(host('om.next', this.handle)); }
        detach() { host('om.detach', this.handle); return this; }
        discard() { host('om.detach', this.handle); }
        insertSiblingAfter(other) { other.handle = host('om.after', this.handle, other.handle); }
        insertSiblingBefore(other) { other.handle = host('om.before', this.handle, other.handle); }
        toString() { return host('om.xml', this.handle); }
        toStringWithConsume() { return this.toString(); }
        toJSON() { return this.toString(); }
    }
    class OMText extends OMNode {
        getText() { return host('om.text', this.handle); }
        getTextContent() { return this.getText(); }
        getNodeName() { return '#text'; }
    }
    class OMElement extends OMNode {
        elements() { return nodes(host('om.elements', this.handle)); }
        getLocalName() { return host('om.local', this.handle); }
        getQName() { return new QName(host('om.uri', this.handle), this.getLocalName(), host('om.prefix', this.handle)); }
        getNamespace() { const uri = host('om.uri', this.handle); return uri === '' ? null : new OMNamespace(uri, host('om.prefix', this.handle)); }
        getNamespaceURI() { return host('om.uri', this.handle) || null; }
        getPrefix() { return host('om.prefix', this.handle) || null; }
        setLocalName(name) { host('om.rename', this.handle, host('om.prefix', this.handle), host('om.uri', this.handle), String(name)); }
        setNamespace(namespace) { host('om.rename', this.handle, namespace.getPrefix() || '', namespace.getNamespaceURI(), this.getLocalName()); }
        getText() { return host('om.text', this.handle); }
        setText(text) { host('om.setText', this.handle, text === null || text === undefined ? '' : String(text)); }
        getFirstElement() { const all = this.elements(); return all.length ? all[0] : null; }
        getFirstOMChild() { const all = nodes(host('om.children', this.handle)); return all.length ? all[0] : null; }
        getChildElements() { return iterator(this.elements()); }
        getChildren() { return iterator(nodes(host('om.children', this.handle))); }
        getChildrenWithName(name) { const wanted = nameOf(name); return elementsOf(this, child => child.getLocalName() === wanted.local && host('om.uri', child.handle) === wanted.uri); }
        getChildrenWithLocalName(name) { return elementsOf(this, child => child.getLocalName() === String(name)); }
        getChildrenWithNamespaceURI(uri) { return elementsOf(this, child => host('om.uri', child.handle) === String(uri)); }
        getFirstChildWithName(name) { const found = this.getChildrenWithName(name); return found.hasNext() ? found.next() : null; }
        getAttributeValue(name) { const wanted = nameOf(name); return host('om.attribute', this.handle, wanted.uri, wanted.local); }
        addAttribute(name, value, namespace) { host('om.setAttribute', this.handle, namespace ? namespace.getPrefix() || '' : '', namespace ? namespace.getNamespaceURI() : '', String(name), String(value)); }
        removeAttribute(attribute) { host('om.removeAttribute', this.handle, attribute.getQName().uri, attribute.getQName().local); }
        getAllAttributes() {
            return iterator(JSON.parse(host('om.attributes', this.handle)).map(([uri, prefix, local, value]) => ({
                getLocalName: () => local, getAttributeValue: () => value, getQName: () => new QName(uri, local, prefix),
                getNamespace: () => uri ? new OMNamespace(uri, prefix) : null,
            })));
        }
        addChild(child) { child.handle = host('om.append', this.handle, child.handle); }
        cloneOMElement() { return new OMElement(host('om.parse', this.toString())); }
        // The names that DOM has for the same.
        getNodeName() { const prefix = host('om.prefix', this.handle); return prefix ? prefix + ':' + this.getLocalName() : this.getLocalName(); }
        getTagName() { return this.getNodeName(); }
        getTextContent() { return host('om.allText', this.handle); }
        setTextContent(text) { host('om.empty', this.handle); this.setText(text); }
        getAttribute(name) { return this.getAttributeValue(String(name)) || ''; }
        setAttribute(name, value) { this.addAttribute(name, value); }
        hasAttribute(name) { return this.getAttributeValue(String(name)) !== null; }
        getFirstChild() { return this.getFirstOMChild(); }
        getChildNodes() { return nodeList(nodes(host('om.children', this.handle))); }
        getElementsByTagName(name) { return nodeList(nodes(host('om.descendants', this.handle)).filter(one => name === '*' || one.getNodeName() === name)); }
        getElementsByTagNameNS(uri, name) {
            return nodeList(nodes(host('om.descendants', this.handle)).filter(one => (uri === '*' || host('om.uri', one.handle) === uri) && (name === '*' || one.getLocalName() === name)));
        }
        appendChild(child) { this.addChild(child); return child; }
        removeChild(child) { return child.detach(); }
    }
    const nodeList = all => ({ getLength: () => all.length, length: all.length, item: at => all[at] === undefined ? null : all[at], [Symbol.iterator]: () => all[Symbol.iterator]() });

    class XmlDocument {
        constructor(handle) { this.root = new OMElement(handle); }
        getDocumentElement() { return this.root; }
        getElementsByTagName(name) { return this.withRoot(this.root.getElementsByTagName(name), name === '*' || this.root.getNodeName() === name); }
        getElementsByTagNameNS(uri, name) { return this.withRoot(this.root.getElementsByTagNameNS(uri, name), (uri === '*' || this.root.getQName().uri === uri) && (name === '*' || this.root.getLocalName() === name)); }
        withRoot(list, fits) { return nodeList(fits ? [this.root, ...list] : [...list]); }
        createElement(name) { return new OMElement(host('om.create', '', '', String(name))); }
        createElementNS(uri, name) { const [local, prefix] = String(name).split(':').reverse(); return new OMElement(host('om.create', prefix || '', uri || '', local)); }
        toString() { return this.root.toString(); }
    }
    class Envelope extends OMElement {
        getBody() { return new Body(host('om.body')); }
        getHeader() { const handle = host('om.header'); return handle === null ? null : new OMElement(handle); }
        getVersion() { return { toString: () => host('soap11') ? 'SOAP 1.1' : 'SOAP 1.2' }; }
        hasFault() { return host('fault'); }
    }
    class Body extends OMElement {
        hasFault() { return host('fault'); }
        getFirstElementLocalName() { const first = this.getFirstElement(); return first ? first.getLocalName() : null; }
    }

    class AXIOMXPath {
        constructor(expression) { this.expression = String(expression); this.namespaces = []; }
        addNamespace(prefix, uri) { this.namespaces.push([String(prefix), String(uri)]); }
        // Nodes as a list, anything else as it is.
        evaluate(context) {
            const at = context instanceof XmlDocument ? context.root : context;
            const value = host('om.xpath', at.handle, this.expression, JSON.stringify(this.namespaces));
            if (typeof value !== 'string') return value;
            return value[0] === 'n' ? new ArrayList(nodes(value.slice(1))) : value.slice(1);
        }
        selectNodes(context) { const value = this.evaluate(context); return value instanceof ArrayList ? value : new ArrayList([value]); }
        selectSingleNode(context) { const all = this.selectNodes(context); return all.isEmpty() ? null : all.get(0); }
        stringValueOf(context) {
            const value = this.evaluate(context);
            if (!(value instanceof ArrayList)) return String(value);
            const first = value.isEmpty() ? null : value.get(0);
            return first === null ? '' : first instanceof OMElement ? host('om.allText', first.handle) : first.getText();
        }
        booleanValueOf(context) { const value = this.evaluate(context); return value instanceof ArrayList ? !value.isEmpty() : Boolean(value); }
        numberValueOf(context) { return Number(this.stringValueOf(context)); }
    }

    class EndpointReference {
        constructor(address) { this.address = String(address); }
        getAddress() { return this.address; }
        setAddress(address) { this.address = String(address); }
        toString() { return this.address; }
    }

    // A JSON value as Java code has it; JSON.parse(x) works because it is asked for its text.
    class JsonElement {
        constructor(text) { this.json = JSON.parse(text); }
        static of(value) { return value === undefined ? null : new JsonElement(JSON.stringify(value)); }
        get(key) { return JsonElement.of(this.json[key]); }
        getAsJsonObject(key) { return key === undefined ? this : this.get(key); }
        getAsJsonArray(key) { return key === undefined ? this : this.get(key); }
        has(key) { return Object.prototype.hasOwnProperty.call(this.json, key); }
        keySet() { return new ArrayList(Object.keys(this.json)); }
        size() { return Array.isArray(this.json) ? this.json.length : Object.keys(this.json).length; }
        isJsonObject() { return typeof this.json === 'object' && this.json !== null && !Array.isArray(this.json); }
        isJsonArray() { return Array.isArray(this.json); }
        isJsonNull() { return this.json === null; }
        isJsonPrimitive() { return typeof this.json !== 'object'; }
        getAsString() { return String(this.json); }
        getAsInt() { return Math.trunc(Number(this.json)); }
        getAsLong() { return Math.trunc(Number(this.json)); }
        getAsDouble() { return Number(this.json); }
        getAsBoolean() { return String(this.json) === 'true'; }
        toJSON() { return this.json; }
        toString() { return JSON.stringify(this.json); }
        [Symbol.iterator]() { return Object.values(this.json).map(JsonElement.of)[Symbol.iterator](); }
    }

    Object.assign(classes, {
        'org.apache.axiom.om.util.AXIOMUtil': { stringToOM: text => new OMElement(host('om.parse', String(text))) },
        'org.apache.axiom.om.OMAbstractFactory': {
            getOMFactory: () => ({
                createOMElement: (name, namespace) => name instanceof QName ? new OMElement(host('om.create', name.prefix, name.uri, name.local))
                    : new OMElement(host('om.create', namespace ? namespace.getPrefix() || '' : '', namespace ? namespace.getNamespaceURI() : '', String(name))),
                createOMNamespace: (uri, prefix) => new OMNamespace(String(uri), prefix || ''),
            }),
        },
        'org.apache.axis2.addressing.EndpointReference': EndpointReference,
        'org.apache.axiom.om.xpath.AXIOMXPath': AXIOMXPath,
    });

    // From the host: text and trees are marked by their first letter, the rest is itself.
    const decode = value => {
        if (typeof value !== 'string') return value;
        switch (value[0]) {
            case 'x': return new OMElement(+value.slice(1));
            case 'j': return new JsonElement(value.slice(1));
            default: return value.slice(1);
        }
    };
    // To the host: what kind of value, and the value.
    const encode = value => {
        if (value === null || value === undefined) return ['null', null];
        if (isE4x(value)) return ['xml', __e4x.toXml(value)];
        if (value instanceof OMNode || value instanceof XmlDocument) return ['xml', value.toString()];
        switch (typeof value) {
            case 'string': return [rhino ? 'plain' : 'text', value];
            case 'number': case 'boolean': return ['plain', value];
            case 'bigint': return ['plain', Number(value)];
            case 'function': return ['plain', String(value)];
        }
        if (value instanceof String || value instanceof EndpointReference) return ['plain', String(value)];
        const text = JSON.stringify(value);
        return text === undefined ? ['plain', String(value)] : ['json', text];
    };
    const xmlText = value => {
        if (isE4x(value)) return __e4x.toXml(value);
        if (value instanceof OMElement || value instanceof XmlDocument || value instanceof String) return value.toString();
        if (typeof value === 'string') return value;
        throw new TypeError('Unsupported type provide for XML. type: ' + (value === null ? 'null' : Array.isArray(value) ? 'Array' : typeof value));
    };
    const toXmlObject = text => text === null ? null : rhino ? XML(text) : text;

    class MessageContext {
        getPayloadXML() { return __nashorn ? this.getEnvelope().getBody().getFirstElement() : toXmlObject(host('payload.xml')); }
        setPayloadXML(value) { host('payload.setXml', xmlText(value)); }
        getPayloadJSON() {
            if (json === undefined) {
                const text = host('payload.json');
                try {
                    json = text === null ? {} : JSON.parse(text);
                } catch (error) {
                    throw new SyntaxError('Invalid JSON payload');
                }
            }
            return json;
        }
        setPayloadJSON(value) {
            const raw = rhino && (typeof value === 'string' || value instanceof String);
            const text = raw ? String(value) : JSON.stringify(value instanceof XmlDocument ? value.toString() : value);
            host('payload.setJson', text === undefined ? 'null' : text);
            // Only Rhino shows the new value to the rest of the script.
            if (rhino) json = JSON.parse(text);
        }
        getPayloadText() { return host('payload.text'); }
        getEnvelopeXML() { return toXmlObject(host('envelope.xml')); }
        getJsonText() { const text = this.getProperty('JSON_TEXT'); return text === null ? '{}' : text; }
        setJsonText(_, text) { this.setProperty('JSON_TEXT', text); return true; }
        jsonObject() { return this.getPayloadJSON(); }
        setJsonObject(_, value) { json = value; return true; }
        addHeader(mustUnderstand, content) { host('header.add', !!mustUnderstand, xmlText(content)); }
        parseXml(text) { return new XmlDocument(host('om.parse', String(text))); }
        getXpathResult(expression) { return new AXIOMXPath(expression); }
        getParsedOMElement(source) { return new OMElement(host('om.parse', String(source))); }

        getProperty(key, scope) { return decode(host('property.get', String(key), scope === undefined ? 'default' : String(scope))); }
        setProperty(key, value, scope) { host('property.set', String(key), scope === undefined || scope === null ? 'default' : String(scope), ...encode(value)); }
        removeProperty(key, scope) { host('property.remove', String(key), scope === undefined || scope === null ? 'default' : String(scope)); }
        getPropertyKeySet() { return new ArrayList(JSON.parse(host('property.keys'))); }
        getVariable(key) { return decode(host('variable.get', String(key))); }
        setVariable(key, value) { host('variable.set', String(key), ...encode(value)); }
        removeVariable(key) { host('variable.remove', String(key)); }
        getVariableKeySet() { return new ArrayList(JSON.parse(host('variable.keys'))); }

        getEnvelope() { return new Envelope(host('om.envelope')); }
        getMessageString() { return host('envelope.xml'); }
        getMessageID() { return host('id'); }
        setMessageID(id) { host('setId', String(id)); }
        getWSAMessageID() { return host('id'); }
        isResponse() { return host('response'); }
        setResponse(value) { host('setResponse', !!value); }
        isFaultResponse() { return host('fault'); }
        isSOAP11() { return host('soap11'); }
        isDoingGET() { return host('get'); }
        isDoingPOX() { return host('rest'); }
        isDoingMTOM() { return false; }
        isDoingSWA() { return false; }
        getEntry(key) { return decode(host('entry', String(key))); }
        getLocalEntry(key) { return decode(host('localEntry', String(key))); }
        getSequence(key) { return host('hasSequence', String(key)) ? { getName: () => String(key), toString: () => String(key) } : null; }
        getEndpoint(key) { return host('hasEndpoint', String(key)) ? { getName: () => String(key), toString: () => String(key) } : null; }
        getServiceLog() { return logger; }
    }
    // The JSON of this message, once it has been asked for.
    let json;
    const addresses = { To: true, From: true, ReplyTo: true, FaultTo: true, RelatesTo: true, WSAAction: false, SoapAction: false };
    for (const [name, isReference] of Object.entries(addresses)) {
        MessageContext.prototype['get' + name] = function () {
            const address = host('address', name);
            return address === null || !isReference ? address : new EndpointReference(address);
        };
        MessageContext.prototype['set' + name] = function (address) { host('setAddress', name, address === null || address === undefined ? null : String(address)); };
    }
    // Getters and setters without arguments are properties too: mc.payloadJSON = {…}.
    for (const name of Object.getOwnPropertyNames(MessageContext.prototype)) {
        const parts = /^(?:get|is)([A-Z].*)$/.exec(name);
        if (!parts || MessageContext.prototype[name].length > 0) continue;
        const [, rest] = parts;
        const setter = MessageContext.prototype['set' + rest];
        Object.defineProperty(MessageContext.prototype, rest[0].toLowerCase() + rest.slice(1), {
            get() { return this[name](); }, set: setter && function (value) { this['set' + rest](value); }, configurable: true,
        });
    }

    const result = value => {
        if (value === null || value === undefined) return host('output', 'null', null);
        const [kind, content] = encode(value);
        return host('output', kind, content);
    };

    return function (program) {
        json = undefined;
        if (rhino) __e4x.reset();
        const mc = new MessageContext();
        if (program.length === 1) return program(mc);
        const entry = program();
        if (entry === undefined) return host('missing');
        const text = host('input');
        if (text === null) return entry(mc);
        const values = JSON.parse(text).map(([kind, value]) => kind === 'xml' ? new OMElement(host('om.parse', value)) : value);
        result(entry(mc, ...values));
    };
})();
