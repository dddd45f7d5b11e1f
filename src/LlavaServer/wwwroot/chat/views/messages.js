// The list of messages: follows the answer while the reader is at its end, and draws long conversations from their end.

import { canAsk, refusedImage } from "../requests.js";
import { html, lazy, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../html.js";
import { t } from "../language.js";
import { messageOf } from "../store.js";
import { openRun, shownPath } from "../store.js";
import { versionsOf } from "../tree.js";
import { Intro } from "./intro.js";
import { Icon } from "./parts.js";

const Message = lazy(() => import("./message.js"), "Message");
const step = 40;
const near = 48;

export function Messages({ page, state }) {
  const scroller = useRef();
  const [limit, setLimit] = useState(step);
  const run = openRun(state);
  const path = shownPath(state);
  const live = useMemo(() => run && messageOf(run), [run]);
  const { target } = state.open;
  const wanted = target ? path.findIndex(message => message.id === target.id) : -1;
  const hidden = Math.max(0, Math.min(path.length - limit, wanted < 0 ? path.length : wanted - 2));
  const { isFollowing, jump, leave } = useFollowing(scroller, path.at(-1)?.id);
  useEffect(() => show(scroller.current, target, leave), [target]);
  const can = canAsk(state) && state.edit === null;
  const { messages } = state.open;
  const last = path.at(-1);
  const refused = last?.error ? refusedImage(state, last) : null;

  const showEarlier = () => {
    const { current } = scroller;
    const fromEnd = current.scrollHeight - current.scrollTop;
    setLimit(limit + step);
    requestAnimationFrame(() => (current.scrollTop = current.scrollHeight - fromEnd));
  };

  return html`
    <div class="messages" ref=${scroller} tabindex="-1" role="region" aria-label=${t("messages.label")} data-following=${isFollowing}>
      <div class="column">
        ${path.length === 0 && html`<${Intro} page=${page} state=${state} />`}
        ${hidden > 0 && html`<p class="earlier"><button type="button" class="button" onClick=${showEarlier}>${t("messages.earlier", { count: Math.min(step, hidden) })}</button></p>`}
        <ol class="list">
          ${path.slice(hidden).map((message, place) => {
            const versions = versionsOf(messages, message.id);
            const isLive = run?.message.id === message.id;
            return html`<${Message} key=${message.id} page=${page} message=${isLive ? live : message} number=${hidden + place + 1} isLive=${isLive}
              index=${versions.indexOf(message)} count=${versions.length} can=${can} isLast=${hidden + place === path.length - 1} isFound=${target?.id === message.id}
              isElsewhere=${state.elsewhere.includes(message.conversation)} edit=${state.edit?.id === message.id ? state.edit : null}
              refused=${refused?.message === message.id ? refused.digest : null} models=${message.error ? state.models.list : null} config=${state.config} settings=${state.settings} />`;
          })}
        </ol>
      </div>
      ${!isFollowing && html`<div class="jump"><button type="button" class="button" onClick=${jump}><${Icon} name="newest" /> ${t("messages.newest")}</button></div>`}
    </div>`;
}

/** Brings a message that was searched for into view, as soon as it is drawn. Returns what gives that up. */
function show(scroller, target, leave) {
  let frame = 0;
  const look = () => {
    const article = scroller.querySelector(`[data-id="${CSS.escape(target.id)}"]`);
    if (article) {
      article.scrollIntoView({ block: "start" });
      if (scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight >= near) {
        leave();
      }
    } else {
      frame = requestAnimationFrame(look);
    }
  };
  if (target) {
    look();
  }

  return () => cancelAnimationFrame(frame);
}

/** Keeps the end in view while the reader is there; scrolling up stops that. */
function useFollowing(scroller, last) {
  const [isFollowing, setFollowing] = useState(true);
  const follows = useRef(true);
  const set = value => {
    follows.current = value;
    setFollowing(value);
  };
  const toEnd = () => {
    const { current } = scroller;
    if (current) {
      current.scrollTop = current.scrollHeight;
    }
  };

  useEffect(() => {
    const { current } = scroller;
    let top = current.scrollTop;
    const onScroll = () => {
      const isAtEnd = current.scrollHeight - current.scrollTop - current.clientHeight < near;
      if (isAtEnd !== follows.current && (isAtEnd || current.scrollTop < top)) {
        set(isAtEnd);
      }

      top = current.scrollTop;
    };
    const growth = new ResizeObserver(() => follows.current && toEnd());
    growth.observe(current.firstElementChild);
    growth.observe(current);
    current.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      growth.disconnect();
      current.removeEventListener("scroll", onScroll);
    };
  }, []);

  // A new message is shown whoever wrote it.
  useLayoutEffect(() => {
    set(true);
    toEnd();
  }, [last]);

  return {
    isFollowing,
    leave: () => set(false),
    jump: () => {
      set(true);
      toEnd();
    },
  };
}
