// Components: preact with htm's templates, and what of preact's compat layer the views need.

import { useEffect, useState } from "../vendor/hooks.mjs";
import { Component, h } from "../vendor/preact.mjs";
import htm from "../vendor/htm.mjs";

export { Component, Fragment, createContext, h, render } from "../vendor/preact.mjs";
export { useCallback, useContext, useEffect, useErrorBoundary, useId, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.mjs";

export const html = htm.bind(h);

/** A view of a module that is fetched when it is first shown. */
export function lazy(load, name) {
  let view = null;
  return function Lazy(properties) {
    const [, setReady] = useState(view !== null);
    useEffect(() => {
      let timer = 0;
      const fetchView = () => load().then(module => {
        view = module[name];
        setReady(true);
      }, () => {
        // The server is away: its banner says so.
        timer = setTimeout(fetchView, 2000);
      });
      if (!view) {
        fetchView();
      }

      return () => clearTimeout(timer);
    }, []);
    return view && h(view, properties);
  };
}

/** The view, drawn again only when one of its properties is another value. */
export function memo(view) {
  return class extends Component {
    shouldComponentUpdate(next) {
      const names = new Set([...Object.keys(this.props), ...Object.keys(next)]);
      return [...names].some(name => this.props[name] !== next[name]);
    }

    render() {
      return h(view, this.props);
    }
  };
}
