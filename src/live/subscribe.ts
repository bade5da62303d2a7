import { lacksReports, type Subscriber } from '../notifications/subscriber.ts';
import { MAX_PATTERN_LENGTH, type SubscriberId, subscribedTopic, type Topic } from '../resources/topic.ts';

/** A topic or pattern that a socket has subscribed, as the client wrote it. It hears what has a higher number than `since`. */
export type Subscription = { text: string; topic: Topic; since: number };

export type RefusedTopic = { channel: string; detail: string };

export type Subscribed = {
  added: Subscription[];
  /** Those that the client named and has: the added ones and those that it had before. */
  subscribed: string[];
  /** Why others were refused: the first of them. */
  refused: RefusedTopic[];
  refused_count: number;
};

/** The topics that one socket may subscribe. */
export const MOST_TOPICS = 100;
/** So many refusals are told one by one. */
const MOST_REFUSALS = 100;

const SURPLUS = `A socket subscribes to ${MOST_TOPICS} channels at most.`;
const HUB_IS_FULL = 'The hub has no room for more channels at present.';
const NEEDS_REPORTS = 'The scope "reports" is required.';

/** What becomes of a wish to subscribe: each topic for itself. `held`: what the socket has; `room`: how many more the hub takes. */
export function decideSubscriptions(
  wanted: readonly string[],
  held: ReadonlyMap<string, Subscription>,
  who: { id: SubscriberId; subscriber: Subscriber },
  since: number,
  room: number,
): Subscribed {
  const added = new Map<string, Subscription>();
  const subscribed = new Set<string>();
  const refused: RefusedTopic[] = [];
  let refused_count = 0;
  const refuse = (channel: string, detail: string) => {
    refused_count += 1;
    if (refused.length < MOST_REFUSALS) refused.push({ channel: channel.slice(0, MAX_PATTERN_LENGTH), detail });
  };
  for (const text of wanted) {
    if (held.has(text) || added.has(text)) {
      subscribed.add(text);
      continue;
    }
    const read = subscribedTopic(text, who.id);
    if ('problem' in read) refuse(text, read.problem);
    else if (lacksReports(who.subscriber, read.topic)) refuse(text, NEEDS_REPORTS);
    else if (held.size + added.size >= MOST_TOPICS) refuse(text, SURPLUS);
    else if (added.size >= room) refuse(text, HUB_IS_FULL);
    else {
      added.set(text, { text, topic: read.topic, since });
      subscribed.add(text);
    }
  }
  return { added: [...added.values()], subscribed: [...subscribed], refused, refused_count };
}
