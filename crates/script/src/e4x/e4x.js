// The objects of E4X. A value is a proxy around a list of nodes; XML is a list of one. Keys are written by the translator:
// "..", "@" and "{uri}" may stand before a name, in this order. A key that is also a method can be called.
(function () {
    'use strict';
    const settings = { ignoreWhitespace: true, prettyPrinting: true, prettyIndent: 2 };

    class Name {
        constructor(uri, prefix, local) { this.uri = uri; this.prefix = prefix; this.localName = local; }
        toString() { return this.uri ? this.uri + '::' + this.localName : this.localName; }
    }

    class Node {
        constructor(kind, name, value) {
            this.kind = kind;
            this.name = name;
            this.value = value;
            this.namespaces = [];
            this.attributes = [];
            this.children = [];
            this.parent = null;
        }
        add(child, at) {
            child.parent = this;
            this.children.splice(at === undefined ? this.children.length : at, 0, child);
        }
        copy() {
            const copy = new Node(this.kind, this.name && new Name(this.name.uri, this.name.prefix, this.name.localName), this.value);
            copy.namespaces = this.namespaces.map(pair => pair.slice());
            copy.attributes = this.attributes.map(one => { const other = one.copy(); other.parent = copy; return other; });
            for (const child of this.children) copy.add(child.copy());
            return copy;
        }
        text() {
            return this.kind === 'element' ? this.children.map(child => child.text()).join('') : this.value;
        }
        isSimple() { return !this.children.some(child => child.kind === 'element'); }
        prefixes() {
            const all = this.parent ? this.parent.prefixes() : { '': '' };
            for (const [prefix, uri] of this.namespaces) all[prefix] = uri;
            return all;
        }
        remove() {
            if (!this.parent) return;
            const list = this.kind === 'attribute' ? this.parent.attributes : this.parent.children;
            list.splice(list.indexOf(this), 1);
            this.parent = null;
        }
    }

    const textNode = value => new Node('text', null, value);

    function build(json) {
        if (typeof json === 'string') return textNode(json);
        const node = new Node('element', new Name(json[0], json[1], json[2]));
        node.namespaces = json[3];
        for (const [uri, prefix, local, value] of json[4]) {
            const attribute = new Node('attribute', new Name(uri, prefix, local), value);
            attribute.parent = node;
            node.attributes.push(attribute);
        }
        const blank = settings.ignoreWhitespace ? /^[ \t\r\n]*$/ : /^$/;
        for (const child of json[5]) if (typeof child !== 'string' || !blank.test(child)) node.add(build(child));
        return node;
    }

    // Texts, elements and lists of them: a document of its own holds each.
    function parse(text) {
        const trimmed = text.trim().replace(/^<\?xml[^>]*\?>/, '');
        if (!/^\s*</.test(trimmed)) return trimmed === '' ? [] : [textNode(text)];
        const uri = uriOf(e4x.defaultNamespace);
        const head = uri ? '<list xmlns="' + escapeValue(uri) + '">' : '<list>';
        const root = build(JSON.parse(__parseXml(head + trimmed + '</list>')));
        for (const child of root.children) child.parent = null;
        return root.children;
    }

    const escapeText = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
    const escapeValue = text => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;')
        .replace(/\n/g, '&#xA;').replace(/\r/g, '&#xD;').replace(/\t/g, '&#x9;');

    function write(node, indent, scope) {
        const pretty = settings.prettyPrinting;
        const margin = pretty ? ' '.repeat(indent) : '';
        if (node.kind !== 'element') return margin + escapeText(pretty ? node.value.trim() : node.value);
        const inner = Object.assign({}, scope);
        let head = '';
        const declare = (prefix, uri) => {
            inner[prefix] = uri;
            head += ' xmlns' + (prefix ? ':' + prefix : '') + '="' + escapeValue(uri) + '"';
        };
        for (const [prefix, uri] of node.namespaces) if (inner[prefix] !== uri) declare(prefix, uri);
        const qualified = (name, isAttribute) => {
            if (isAttribute && !name.uri) return name.localName;
            if (inner[name.prefix] === name.uri && !(isAttribute && !name.prefix)) return (name.prefix ? name.prefix + ':' : '') + name.localName;
            let prefix = Object.keys(inner).find(known => inner[known] === name.uri && (known || !isAttribute));
            if (prefix === undefined) {
                prefix = name.prefix;
                if (isAttribute && !prefix || prefix && prefix in inner) {
                    let number = 1;
                    while ('ns' + number in inner) number++;
                    prefix = 'ns' + number;
                }
                declare(prefix, name.uri);
            }
            return (prefix ? prefix + ':' : '') + name.localName;
        };
        const tag = qualified(node.name, false);
        const attributes = node.attributes.map(one => ' ' + qualified(one.name, true) + '="' + escapeValue(one.value) + '"').join('');
        const start = margin + '<' + tag + head + attributes;
        if (node.children.length === 0) return start + '/>';
        if (node.isSimple() || !pretty) {
            const content = node.isSimple() ? escapeText(node.text()) : node.children.map(child => write(child, 0, inner)).join('');
            return start + '>' + content + '</' + tag + '>';
        }
        const content = node.children.map(child => write(child, indent + settings.prettyIndent, inner)).join('\n');
        return start + '>\n' + content + '\n' + margin + '</' + tag + '>';
    }

    const toXml = node => node.kind === 'attribute' ? escapeValue(node.value)
        : write(node, 0, { '': '' });

    function outerNamespaces(node) {
        // What an element inherits is written at it when it is written alone.
        if (!node.parent || node.kind !== 'element') return node;
        const copy = node.copy();
        const own = new Set(copy.namespaces.map(([prefix]) => prefix));
        const used = node.parent.prefixes();
        for (const prefix of Object.keys(used)) if (used[prefix] && !own.has(prefix)) copy.namespaces.push([prefix, used[prefix]]);
        return copy;
    }

    // A list: its nodes, and for assignments and calls the owner and key that it was reached by.
    class List {
        constructor(nodes, owner, key) { this.nodes = nodes; this.owner = owner; this.key = key; }
        isSimple() {
            if (this.nodes.length === 1) return this.nodes[0].kind !== 'element' || this.nodes[0].isSimple();
            return !this.nodes.some(node => node.kind === 'element');
        }
        toString() {
            return this.isSimple() ? this.nodes.map(node => node.text()).join('') : this.toXMLString();
        }
        toXMLString() { return this.nodes.map(node => toXml(outerNamespaces(node))).join('\n'); }
        elements() { return this.nodes.filter(node => node.kind === 'element'); }
    }

    const unwrap = value => (typeof value === 'function' && value[marker]) || null;
    const marker = Symbol('e4x');

    function parseKey(key) {
        const parts = /^(\.\.)?(@)?(?:\{(.*)\})?(.*)$/s.exec(key);
        let uri = parts[3];
        if (uri === undefined) uri = parts[4] === '*' ? '*' : parts[2] ? '' : uriOf(e4x.defaultNamespace);
        return { deep: !!parts[1], attribute: !!parts[2], uri, local: parts[4] };
    }

    const fits = (name, key) => name && (key.local === '*' || name.localName === key.local) && (key.uri === '*' || name.uri === key.uri);

    // Attributes or children that fit; with a deep key also those of all elements within, in document order.
    function select(node, key, into) {
        if (node.kind !== 'element') return;
        if (key.attribute) for (const one of node.attributes) if (fits(one.name, key)) into.push(one);
        for (const child of node.children) {
            const wanted = child.kind === 'element' ? fits(child.name, key) : key.local === '*' && key.uri === '*';
            if (wanted && !key.attribute) into.push(child);
            if (key.deep) select(child, key, into);
        }
    }

    function get(list, text) {
        const key = parseKey(text);
        const found = [];
        for (const node of list.nodes) select(node, key, found);
        return new List(found, list, text);
    }

    // What a value becomes as children of an element.
    function contents(value) {
        const list = unwrap(value);
        if (list) return list.nodes.map(node => node.kind === 'attribute' ? textNode(node.value) : node.copy());
        const text = value === undefined || value === null ? '' : String(value);
        return text === '' ? [] : [textNode(text)];
    }

    // The one node that an assignment below `list` is for; missing elements are made.
    function target(list) {
        if (list.nodes.length === 1) return list.nodes[0];
        if (list.nodes.length > 1) throw new TypeError('an assignment to a list of more than one XML element');
        if (!list.owner) throw new TypeError('an assignment to an empty XML list');
        const parent = target(list.owner);
        const key = parseKey(list.key);
        if (key.deep || key.attribute || key.local === '*') throw new TypeError('an assignment to an empty XML list');
        const child = new Node('element', new Name(key.uri === '*' ? '' : key.uri, '', key.local));
        parent.add(child);
        list.nodes.push(child);
        return child;
    }

    function replaceContent(node, value) {
        const list = unwrap(value);
        if (list && list.nodes.length > 0 && list.nodes.every(one => one.kind === 'element')) {
            const parent = node.parent;
            if (!parent) return;
            let at = parent.children.indexOf(node);
            node.remove();
            for (const one of list.nodes) parent.add(one.copy(), at++);
            return;
        }
        node.children = [];
        for (const child of contents(value)) node.add(child);
    }

    function set(list, text, value) {
        const key = parseKey(text);
        const node = target(list);
        if (key.attribute) {
            const known = node.attributes.find(one => fits(one.name, key));
            if (known) { known.value = String(value); return; }
            const attribute = new Node('attribute', new Name(key.uri, '', key.local), String(value));
            attribute.parent = node;
            node.attributes.push(attribute);
            return;
        }
        if (key.local === '*') {
            node.children = [];
            for (const child of contents(value)) node.add(child);
            return;
        }
        const found = [];
        select(node, key, found);
        let first = found.shift();
        for (const other of found) other.remove();
        if (!first) {
            first = new Node('element', new Name(key.uri === '*' ? '' : key.uri, '', key.local));
            node.add(first);
        }
        replaceContent(first, value);
    }

    const one = list => {
        if (list.nodes.length !== 1) throw new TypeError('a method of one XML element is called on a list of ' + list.nodes.length);
        return list.nodes[0];
    };
    const uriOf = value => value === undefined || value === null ? '' : value.uri !== undefined ? value.uri : String(value);
    const nameKey = value => value instanceof Name ? '{' + value.uri + '}' + value.localName : String(value === undefined ? '*' : value);

    const methods = {
        toString: list => list.toString(),
        toXMLString: list => list.toXMLString(),
        valueOf: list => wrap(list),
        toJSON: list => list.toString(),
        length: list => list.nodes.length,
        name: list => { const node = one(list); return node.name ? node.name : null; },
        localName: list => { const node = one(list); return node.name ? node.name.localName : null; },
        namespace: (list, prefix) => {
            const node = one(list);
            if (prefix === undefined) return new Namespace(node.name.prefix, node.name.uri);
            const uri = node.prefixes()[prefix];
            return uri === undefined ? undefined : new Namespace(prefix, uri);
        },
        nodeKind: list => one(list).kind,
        text: list => wrap(new List(list.nodes.flatMap(node => node.children.filter(child => child.kind === 'text')))),
        children: list => wrap(new List(list.nodes.flatMap(node => node.children))),
        child: (list, key) => /^\d+$/.test(String(key)) ? wrap(new List(list.nodes.flatMap(node => node.children.slice(+key, +key + 1)))) : wrap(get(list, nameKey(key))),
        elements: (list, key) => wrap(new List(get(list, nameKey(key)).nodes.filter(node => node.kind === 'element'))),
        descendants: (list, key) => wrap(get(list, '..' + nameKey(key))),
        attribute: (list, key) => wrap(get(list, '@' + nameKey(key))),
        attributes: list => wrap(get(list, '@*')),
        parent: list => { const parent = list.nodes.length ? list.nodes[0].parent : null; return parent ? wrap(new List([parent])) : undefined; },
        childIndex: list => { const node = one(list); return node.parent ? node.parent.children.indexOf(node) : -1; },
        copy: list => wrap(new List(list.nodes.map(node => outerNamespaces(node).copy()))),
        hasSimpleContent: list => list.isSimple(),
        hasComplexContent: list => !list.isSimple(),
        hasOwnProperty: (list, key) => get(list, nameKey(key)).nodes.length > 0,
        contains: (list, value) => { const text = unwrap(value) ? unwrap(value).toXMLString() : String(value); return list.nodes.some(node => toXml(node) === text || node.text() === text); },
        appendChild: (list, child) => { const node = one(list); for (const other of contents(child)) node.add(other); return wrap(list); },
        prependChild: (list, child) => { const node = one(list); contents(child).forEach((other, at) => node.add(other, at)); return wrap(list); },
        insertChildAfter: (list, after, child) => insert(list, after, child, 1),
        insertChildBefore: (list, before, child) => insert(list, before, child, 0),
        setChildren: (list, value) => { set(list, '*', value); return wrap(list); },
        replace: (list, key, value) => { set(list, nameKey(key), value); return wrap(list); },
        setLocalName: (list, name) => { one(list).name.localName = String(name); },
        setName: (list, name) => { const node = one(list); node.name = name instanceof Name ? name : new Name(node.name.uri, node.name.prefix, String(name)); },
        setNamespace: (list, namespace) => { const node = one(list); node.name.uri = uriOf(namespace); node.name.prefix = (namespace && namespace.prefix) || ''; },
        addNamespace: (list, namespace) => { one(list).namespaces.push([(namespace && namespace.prefix) || '', uriOf(namespace)]); return wrap(list); },
        removeNamespace: (list, namespace) => { const node = one(list); node.namespaces = node.namespaces.filter(([, uri]) => uri !== uriOf(namespace)); return wrap(list); },
        namespaceDeclarations: list => one(list).namespaces.map(([prefix, uri]) => new Namespace(prefix, uri)),
        inScopeNamespaces: list => { const all = one(list).prefixes(); return Object.keys(all).filter(prefix => all[prefix]).map(prefix => new Namespace(prefix, all[prefix])); },
        comments: () => wrap(new List([])),
        processingInstructions: () => wrap(new List([])),
        normalize: list => wrap(list),
    };
    Object.setPrototypeOf(methods, null);

    function insert(list, beside, child, offset) {
        const node = one(list);
        const other = unwrap(beside);
        let at = other ? node.children.indexOf(other.nodes[0]) + offset : offset ? 0 : node.children.length;
        for (const added of contents(child)) node.add(added, at++);
        return wrap(list);
    }

    const handler = {
        get(target, key) {
            const list = target.list;
            if (key === marker) return list;
            if (key === Symbol.toPrimitive) return () => list.toString();
            if (key === Symbol.iterator) return () => list.nodes.map(node => wrap(new List([node])))[Symbol.iterator]();
            if (typeof key === 'symbol') return undefined;
            if (/^\d+$/.test(key)) {
                const node = list.nodes[+key];
                return node ? wrap(new List([node])) : undefined;
            }
            if (key === '#filter') return predicate => wrap(new List(list.nodes.filter(node => truthy(predicate(wrap(new List([node])))))));
            return wrap(get(list, key));
        },
        set(target, key, value) {
            const list = target.list;
            if (/^\d+$/.test(key)) {
                const node = list.nodes[+key];
                if (node) {
                    if (node.kind === 'element') replaceContent(node, value); else node.value = String(value);
                } else if (list.owner) {
                    const parent = list.owner.nodes[0];
                    if (parent && unwrap(value)) for (const child of contents(value)) parent.add(child);
                    else if (parent) set({ nodes: [parent] }, list.key, value);
                }
                return true;
            }
            set(list, key, value);
            return true;
        },
        deleteProperty(target, key) {
            const list = target.list;
            const found = /^\d+$/.test(key) ? list.nodes.slice(+key, +key + 1) : get(list, key).nodes;
            for (const node of found) node.remove();
            return true;
        },
        has(target, key) {
            return typeof key === 'string' && (/^\d+$/.test(key) ? +key < target.list.nodes.length : get(target.list, key).nodes.length > 0);
        },
        ownKeys(target) { return target.list.nodes.map((_, index) => String(index)); },
        getOwnPropertyDescriptor(target, key) {
            const node = target.list.nodes[key];
            return node ? { value: wrap(new List([node])), enumerable: true, configurable: true, writable: true } : undefined;
        },
        getPrototypeOf() { return XML.prototype; },
        apply(target, self, args) {
            const { owner, key } = target.list;
            const method = owner && methods[key];
            if (!method) throw new TypeError((key || 'an XML value') + ' is not a function');
            return method(owner, ...args);
        },
    };

    function wrap(list) {
        const target = () => undefined;
        delete target.length;
        delete target.name;
        target.list = list;
        return new Proxy(hide(target), handler);
    }

    // `ownKeys` must name what the target has for good, so the list is kept where it can be left out.
    function hide(target) {
        Object.defineProperty(target, 'list', { enumerable: false, configurable: true });
        return target;
    }

    const truthy = value => unwrap(value) ? unwrap(value).nodes.length > 0 && unwrap(value).toString() !== 'false' : !!value;

    function XML(value) {
        const list = unwrap(value);
        if (list) return new.target ? wrap(new List(list.nodes.map(node => node.copy()))) : value;
        const nodes = value === undefined || value === null ? [] : parse(String(value));
        if (nodes.length > 1) throw new SyntaxError('the XML has more than one root element');
        return wrap(new List(nodes.length ? nodes : [textNode('')]));
    }

    function XMLList(value) {
        const list = unwrap(value);
        if (list) return wrap(new List(list.nodes));
        const text = value === undefined || value === null ? '' : String(value).replace(/^<>([\s\S]*)<\/>$/, '$1');
        return wrap(new List(parse(text)));
    }

    function Namespace(prefix, uri) {
        if (!(this instanceof Namespace)) return arguments.length > 1 ? new Namespace(prefix, uri) : new Namespace(prefix);
        this.prefix = arguments.length > 1 ? String(prefix) : '';
        this.uri = uriOf(arguments.length > 1 ? uri : prefix);
    }
    Namespace.prototype.toString = function () { return this.uri; };

    function QName(uri, local) {
        return arguments.length > 1 ? new Name(uriOf(uri), '', String(local)) : new Name('', '', String(uri));
    }

    XML.ignoreWhitespace = true;
    for (const name of ['ignoreWhitespace', 'prettyPrinting', 'prettyIndent']) {
        Object.defineProperty(XML, name, { get: () => settings[name], set: value => { settings[name] = value; }, configurable: true });
    }

    const e4x = {
        defaultNamespace: '',
        text: value => unwrap(value) ? unwrap(value).nodes.map(node => node.kind === 'attribute' ? escapeText(node.value) : toXml(node)).join('') : escapeText(String(value)),
        attribute: value => '"' + escapeValue(String(value)) + '"',
        uri: value => uriOf(value),
        values: value => unwrap(value) ? unwrap(value).nodes.map(node => wrap(new List([node]))) : Object.values(value),
        scope: value => new Proxy({}, {
            has: (_, key) => typeof key === 'string' && key !== '$n' && key !== '__e4x' && (get(unwrap(value), key).nodes.length > 0 || key in methods),
            get: (_, key) => typeof key === 'symbol' ? undefined : value[key],
            set: (_, key, other) => { value[key] = other; return true; },
        }),
        isXml: value => unwrap(value) !== null,
        toXml: value => unwrap(value).toXMLString(),
        reset() { Object.assign(settings, { ignoreWhitespace: true, prettyPrinting: true, prettyIndent: 2 }); e4x.defaultNamespace = ''; },
    };

    for (const [name, value] of Object.entries({ __e4x: e4x, XML, XMLList, Namespace, QName })) {
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
})();
