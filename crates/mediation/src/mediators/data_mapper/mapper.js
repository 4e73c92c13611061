// Calls a mapping. `input` has the name of the input variable, its value, the properties and the variables.
(function () {
    'use strict';
    const host = __host;
    const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, enumerable: true, configurable: true });
    return function (program) {
        const { name, input, properties, variables } = JSON.parse(host('input'));
        if (name !== undefined) {
            define(name, input);
            define('DM_PROPERTIES', properties);
        }
        const mapping = program();
        if (typeof mapping !== 'function') return host('missing');
        const result = name === undefined ? mapping(input, variables) : mapping(input);
        host('output', 'plain', name === undefined ? String(result) : JSON.stringify(result));
    };
})();
