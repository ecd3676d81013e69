/** The page that a script belongs to: its elements, its language and what its template tells scripts. */

export const language = document.documentElement.lang;

export const element = (id) => document.getElementById(id);

/** Listen to an element, where the page has it. */
export const on = (id, event, handle) => element(id)?.addEventListener(event, handle);

/** What the template wrote under the name of facts. */
export const readFacts = () => JSON.parse(element("facts").textContent);
