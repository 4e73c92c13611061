// The Java classes that scripts use most, by name. Whoever asks for another one is told so. Bytes are `Int8Array`s.
const __java = (function () {
    'use strict';
    const host = __host;
    const logger = {};
    for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal']) {
        logger[level] = (text, cause) => host('log', level, cause === undefined ? String(text) : String(text) + ' ' + String(cause));
        logger['is' + level[0].toUpperCase() + level.slice(1) + 'Enabled'] = () => host('logs', level);
    }

    const toBytes = text => {
        const out = [];
        for (const character of String(text)) {
            const code = character.codePointAt(0);
            if (code < 0x80) out.push(code);
            else if (code < 0x800) out.push(0xC0 | code >> 6, 0x80 | code & 63);
            else if (code < 0x10000) out.push(0xE0 | code >> 12, 0x80 | code >> 6 & 63, 0x80 | code & 63);
            else out.push(0xF0 | code >> 18, 0x80 | code >> 12 & 63, 0x80 | code >> 6 & 63, 0x80 | code & 63);
        }
        return Int8Array.from(out);
    };
    const fromBytes = bytes => {
        let hex = '';
        for (const byte of bytes) hex += '%' + (byte & 255).toString(16).padStart(2, '0');
        try {
            return decodeURIComponent(hex);
        } catch (error) {
            return Array.from(bytes, byte => byte < 0 ? '\uFFFD' : String.fromCharCode(byte)).join('');
        }
    };

    const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
    const URL_SAFE = STANDARD.slice(0, 62) + '-_';
    const encode = (bytes, alphabet, pad) => {
        let out = '';
        for (let at = 0; at < bytes.length; at += 3) {
            const left = bytes.length - at;
            const value = (bytes[at] & 255) << 16 | (left > 1 ? (bytes[at + 1] & 255) << 8 : 0) | (left > 2 ? bytes[at + 2] & 255 : 0);
            out += alphabet[value >> 18] + alphabet[value >> 12 & 63] + (left > 1 ? alphabet[value >> 6 & 63] : pad) + (left > 2 ? alphabet[value & 63] : pad);
        }
        return out;
    };
    const decode = text => {
        const out = [];
        let value = 0, bits = 0;
        for (const character of typeof text === 'string' || text instanceof String ? String(text) : fromBytes(text)) {
            let digit = STANDARD.indexOf(character);
            if (digit < 0) digit = URL_SAFE.indexOf(character);
            if (digit < 0) {
                if (character === '=' || /\s/.test(character)) continue;
                throw new Error('Illegal base64 character ' + character);
            }
            value = (value << 6 | digit) & 0xFFFFFF;
            bits += 6;
            if (bits >= 8) { bits -= 8; out.push(value >> bits & 255); }
        }
        return Int8Array.from(out);
    };
    const coder = (alphabet, pad) => ({
        encode: bytes => toBytes(encode(bytes, alphabet, pad)),
        encodeToString: bytes => encode(typeof bytes === 'string' ? toBytes(bytes) : bytes, alphabet, pad),
        withoutPadding: () => coder(alphabet, ''),
    });
    const Base64 = {
        getEncoder: () => coder(STANDARD, '='), getMimeEncoder: () => coder(STANDARD, '='), getUrlEncoder: () => coder(URL_SAFE, '='),
        getDecoder: () => ({ decode }), getMimeDecoder: () => ({ decode }), getUrlDecoder: () => ({ decode }),
    };

    const format = (pattern, ...values) => {
        let next = 0;
        if (values.length === 1 && Array.isArray(values[0])) values = values[0];
        return String(pattern).replace(/%(?:(\d+)\$)?([-+0 ,]*)(\d+)?(?:\.(\d+))?([sSdfxXcbn%e])/g, (all, index, flags, width, precision, kind) => {
            if (kind === '%') return '%';
            if (kind === 'n') return '\n';
            const value = index ? values[index - 1] : values[next++];
            let text;
            switch (kind) {
                case 'd': text = String(Math.trunc(Number(value))); break;
                case 'f': text = Number(value).toFixed(precision === undefined ? 6 : +precision); break;
                case 'e': text = Number(value).toExponential(precision === undefined ? 6 : +precision); break;
                case 'x': text = Number(value).toString(16); break;
                case 'X': text = Number(value).toString(16).toUpperCase(); break;
                case 'S': text = String(value).toUpperCase(); break;
                default: text = precision === undefined ? String(value) : String(value).slice(0, +precision);
            }
            if (flags.includes(',') && /[df]/.test(kind)) text = text.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',');
            if (flags.includes('+') && /[df]/.test(kind) && !text.startsWith('-')) text = '+' + text;
            if (!width) return text;
            if (flags.includes('-')) return text.padEnd(+width);
            if (flags.includes('0') && /[dfxX]/.test(kind)) return text.startsWith('-') ? '-' + text.slice(1).padStart(width - 1, '0') : text.padStart(+width, '0');
            return text.padStart(+width);
        });
    };

    class JavaString extends String {
        constructor(value) { super(ArrayBuffer.isView(value) ? fromBytes(value) : value === undefined ? '' : String(value)); }
        static valueOf(value) { return String(value); }
        static format(...values) { return format(...values); }
        static join(separator, values) { return Array.from(values).join(separator); }
    }
    const whole = (text, radix) => {
        const number = parseInt(text, radix || 10);
        if (!/^[-+]?[0-9a-zA-Z]+$/.test(String(text)) || Number.isNaN(number)) throw new Error('java.lang.NumberFormatException: For input string: "' + text + '"');
        return number;
    };
    const real = text => {
        const number = Number(text);
        if (String(text).trim() === '' || Number.isNaN(number)) throw new Error('java.lang.NumberFormatException: For input string: "' + text + '"');
        return number;
    };
    const wholeNumber = (least, most) => Object.assign(function (value) { return whole(value); }, {
        MIN_VALUE: least, MAX_VALUE: most, parseInt: whole, parseLong: whole,
        valueOf: (value, radix) => typeof value === 'number' ? Math.trunc(value) : whole(value, radix),
        toString: (value, radix) => Number(value).toString(radix || 10), toHexString: value => (value >>> 0).toString(16), toBinaryString: value => (value >>> 0).toString(2),
        compare: (a, b) => a < b ? -1 : a > b ? 1 : 0, max: Math.max, min: Math.min,
    });
    const realNumber = Object.assign(function (value) { return real(value); }, {
        parseDouble: real, parseFloat: real, valueOf: real, toString: value => String(value), isNaN: Number.isNaN, compare: (a, b) => a < b ? -1 : a > b ? 1 : 0,
    });

    class StringBuilder {
        constructor(text) { this.text = typeof text === 'string' ? text : ''; }
        append(value) { this.text += String(value); return this; }
        insert(at, value) { this.text = this.text.slice(0, at) + String(value) + this.text.slice(at); return this; }
        reverse() { this.text = Array.from(this.text).reverse().join(''); return this; }
        length() { return this.text.length; }
        charAt(at) { return this.text.charAt(at); }
        deleteCharAt(at) { this.text = this.text.slice(0, at) + this.text.slice(at + 1); return this; }
        setLength(length) { this.text = this.text.slice(0, length); }
        toString() { return this.text; }
    }

    const iterator = values => {
        let at = 0;
        return { hasNext: () => at < values.length, next: () => values[at++], [Symbol.iterator]: () => values[Symbol.iterator]() };
    };
    class ArrayList {
        constructor(values) { this.values = values && values[Symbol.iterator] ? Array.from(values) : []; }
        add(at, value) { if (arguments.length > 1) this.values.splice(at, 0, value); else this.values.push(at); return true; }
        addAll(values) { this.values.push(...values); return true; }
        get(at) {
            if (!(at >= 0 && at < this.values.length)) throw new Error('java.lang.IndexOutOfBoundsException: Index ' + at + ' out of bounds for length ' + this.values.length);
            return this.values[at];
        }
        set(at, value) { const old = this.get(at); this.values[at] = value; return old; }
        remove(at) { return typeof at === 'number' ? this.values.splice(at, 1)[0] : this.values.includes(at) && !!this.values.splice(this.values.indexOf(at), 1); }
        size() { return this.values.length; }
        isEmpty() { return this.values.length === 0; }
        contains(value) { return this.values.includes(value); }
        indexOf(value) { return this.values.indexOf(value); }
        clear() { this.values = []; }
        iterator() { return iterator(this.values); }
        forEach(action) { this.values.forEach(value => action(value)); }
        toArray() { return this.values.slice(); }
        toJSON() { return this.values; }
        toString() { return '[' + this.values.map(String).join(', ') + ']'; }
        [Symbol.iterator]() { return this.values[Symbol.iterator](); }
    }
    class HashSet extends ArrayList {
        add(value) { if (this.contains(value)) return false; this.values.push(value); return true; }
    }
    class HashMap {
        constructor(other) { this.map = new Map(other instanceof HashMap ? other.map : other && typeof other === 'object' ? Object.entries(other) : []); }
        put(key, value) { const old = this.get(key); this.map.set(key, value); return old; }
        putAll(other) { for (const [key, value] of new HashMap(other).map) this.map.set(key, value); }
        get(key) { const value = this.map.get(key); return value === undefined ? null : value; }
        getOrDefault(key, other) { return this.map.has(key) ? this.map.get(key) : other; }
        containsKey(key) { return this.map.has(key); }
        containsValue(value) { return Array.from(this.map.values()).includes(value); }
        remove(key) { const old = this.get(key); this.map.delete(key); return old; }
        size() { return this.map.size; }
        isEmpty() { return this.map.size === 0; }
        clear() { this.map.clear(); }
        keySet() { return new HashSet(this.map.keys()); }
        values() { return new ArrayList(this.map.values()); }
        entrySet() { return new ArrayList(Array.from(this.map, ([key, value]) => ({ getKey: () => key, getValue: () => value, toString: () => key + '=' + value }))); }
        forEach(action) { this.map.forEach((value, key) => action(key, value)); }
        toJSON() { return Object.fromEntries(this.map); }
        toString() { return '{' + Array.from(this.map, ([key, value]) => key + '=' + value).join(', ') + '}'; }
    }

    class JavaDate {
        constructor(time) { this.time = time === undefined ? Date.now() : Number(time); }
        getTime() { return this.time; }
        setTime(time) { this.time = Number(time); }
        before(other) { return this.time < other.getTime(); }
        after(other) { return this.time > other.getTime(); }
        compareTo(other) { return Math.sign(this.time - other.getTime()); }
        toString() { return host('date.format', 'EEE MMM dd HH:mm:ss zzz yyyy', this.time); }
    }
    class SimpleDateFormat {
        constructor(pattern) { this.pattern = String(pattern); host('date.format', this.pattern, 0); }
        format(date) { return host('date.format', this.pattern, typeof date === 'number' ? date : Number(date.getTime())); }
        parse() { throw new Error('SimpleDateFormat.parse is not available in scripts'); }
    }

    const uuid = text => ({ toString: () => text, equals: other => String(other) === text });
    const urlEncode = text => encodeURIComponent(String(text)).replace(/[!'()~]/g, character => '%' + character.charCodeAt(0).toString(16).toUpperCase()).replace(/%20/g, '+');
    const charset = name => ({ name: () => name, toString: () => name });

    class QName {
        constructor(uri, local, prefix) {
            this.uri = local === undefined ? '' : uri || '';
            this.local = local === undefined ? String(uri) : String(local);
            this.prefix = prefix || '';
        }
        getLocalPart() { return this.local; }
        getNamespaceURI() { return this.uri; }
        getPrefix() { return this.prefix; }
        toString() { return this.uri ? '{' + this.uri + '}' + this.local : this.local; }
    }

    const classes = {
        'java.lang.System': {
            currentTimeMillis: () => Date.now(), nanoTime: () => Math.round(host('nanos')), lineSeparator: () => '\n',
            out: { println: text => logger.info(text === undefined ? '' : text), print: text => logger.info(text) },
            err: { println: text => logger.error(text === undefined ? '' : text), print: text => logger.error(text) },
        },
        'java.lang.String': JavaString,
        'java.lang.Integer': wholeNumber(-2147483648, 2147483647),
        'java.lang.Long': wholeNumber(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
        'java.lang.Double': realNumber,
        'java.lang.Float': realNumber,
        'java.lang.Boolean': { parseBoolean: text => String(text).toLowerCase() === 'true', valueOf: text => String(text).toLowerCase() === 'true', TRUE: true, FALSE: false },
        'java.lang.Math': Math,
        'java.lang.Thread': {
            sleep: millis => {
                // Nobody may sleep where other messages wait: the loop is stopped, and the script run again elsewhere.
                while (host('inPlace'));
                host('sleep', Number(millis));
            },
        },
        'java.lang.StringBuilder': StringBuilder,
        'java.lang.StringBuffer': StringBuilder,
        'java.net.URLEncoder': { encode: urlEncode },
        'java.net.URLDecoder': { decode: text => decodeURIComponent(String(text).replace(/\+/g, ' ')) },
        'java.nio.charset.StandardCharsets': { UTF_8: charset('UTF-8'), US_ASCII: charset('US-ASCII'), ISO_8859_1: charset('ISO-8859-1') },
        'java.text.SimpleDateFormat': SimpleDateFormat,
        'java.time.Instant': { now: () => ({ toString: () => new Date().toISOString(), toEpochMilli: () => Date.now(), getEpochSecond: () => Math.floor(Date.now() / 1000) }) },
        'java.util.ArrayList': ArrayList,
        'java.util.LinkedList': ArrayList,
        'java.util.Arrays': { asList: (...values) => new ArrayList(values.length === 1 && Array.isArray(values[0]) ? values[0] : values), toString: values => '[' + Array.from(values).join(', ') + ']' },
        'java.util.Base64': Base64,
        'java.util.Date': JavaDate,
        'java.util.HashMap': HashMap,
        'java.util.LinkedHashMap': HashMap,
        'java.util.HashSet': HashSet,
        'java.util.Random': class { nextInt(bound) { return bound === undefined ? (Math.random() * 4294967296 | 0) : Math.floor(Math.random() * bound); } nextDouble() { return Math.random(); } nextBoolean() { return Math.random() < 0.5; } },
        'java.util.UUID': { randomUUID: () => uuid(host('uuid')), fromString: uuid },
        'javax.xml.namespace.QName': QName,
        'org.apache.commons.logging.LogFactory': { getLog: () => logger },
    };

    const find = name => {
        const found = classes[name];
        if (found === undefined) throw new Error('The Java class ' + name + ' is not available in scripts; those that are: ' + Object.keys(classes).sort().join(', '));
        return found;
    };
    const packageName = Symbol('package');
    const packages = name => new Proxy({}, {
        get(_, key) {
            if (key === packageName) return name;
            if (typeof key === 'symbol') return undefined;
            const full = name ? name + '.' + key : key;
            return full in classes || /^[A-Z]/.test(key) ? find(full) : packages(full);
        },
    });

    const importAll = (from, into) => {
        const start = from[packageName] + '.';
        for (const name of Object.keys(classes)) {
            if (name.startsWith(start) && !name.slice(start.length).includes('.')) into[name.slice(start.length)] = classes[name];
        }
    };

    // What Nashorn and Rhino offer of Java's strings beside JavaScript's own.
    for (const [name, value] of Object.entries({
        equals(other) { return String(this) === String(other); },
        equalsIgnoreCase(other) { return String(this).toLowerCase() === String(other).toLowerCase(); },
        isEmpty() { return this.length === 0; },
        contains(other) { return this.includes(String(other)); },
        getBytes() { return toBytes(this); },
    })) {
        Object.defineProperty(String.prototype, name, { value, configurable: true, writable: true });
    }

    const globals = {
        Java: { type: find, to: values => Array.from(values), from: values => Array.from(values) },
        Packages: packages(''), java: packages('java'), javax: packages('javax'), org: packages('org'), com: packages('com'),
        // What is imported is a global of the run, which ends with it.
        importPackage(...all) { for (const one of all) importAll(one, globalThis); },
        importClass(...all) {
            for (const one of all) {
                const name = Object.keys(classes).find(name => classes[name] === one);
                if (name) globalThis[name.slice(name.lastIndexOf('.') + 1)] = one;
            }
        },
        JavaImporter: function (...all) { for (const one of all) importAll(one, this); },
        // Nashorn's scripts load this before they import; all that it has is here already.
        load(name) { if (name !== 'nashorn:mozilla_compat.js') throw new Error('load is not available in scripts: ' + name); },
        print(...values) { logger.info(values.map(String).join(' ')); },
        console: { log: (...values) => logger.info(values.map(String).join(' ')), info: logger.info, warn: logger.warn, error: logger.error, debug: logger.debug },
    };
    for (const [name, value] of Object.entries(globals)) {
        Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
    return { classes, logger, QName, ArrayList, iterator };
})();
