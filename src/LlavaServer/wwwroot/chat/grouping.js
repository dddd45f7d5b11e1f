// The sidebar's groups: today, yesterday, the last seven days, then months.

const day = 86_400_000;

/** Conversations, newest first, as [{key, at, conversations}]; key is "today", "yesterday", "week" or "month" (the month of `at`). */
export function groupByAge(conversations, now) {
  const midnight = new Date(now).setHours(0, 0, 0, 0);
  const groups = [];
  for (const conversation of conversations) {
    const at = conversation.updatedAt;
    const key = at >= midnight ? "today" : at >= midnight - day ? "yesterday" : at >= midnight - 6 * day ? "week" : "month";
    const name = key === "month" ? monthOf(at) : key;
    if (groups.at(-1)?.name !== name) {
      groups.push({ name, key, at, conversations: [] });
    }

    groups.at(-1).conversations.push(conversation);
  }

  return groups;
}

function monthOf(time) {
  const date = new Date(time);
  return `${date.getFullYear()}-${date.getMonth()}`;
}
