import { lacksReports, type Subscriber } from '../notifications/subscriber.ts';
import { cutText } from '../resources/characters.ts';
import type { RefusedTopic } from '../resources/live-frames.ts';
import { MAX_PATTERN_LENGTH, type SubscriberId, subscribedTopic, type Topic } from '../resources/topic.ts';

/** A topic or pattern of a socket, as the client wrote it. It gets events with a number above `since`. */
export type Subscription = { text: string; topic: Topic; since: number };

export type Subscribed = {
  added: Subscription[];
  /** The topics that the client named and has now, added or not. */
  subscribed: string[];
  /** Why others were refused; only the first of them. */
  refused: RefusedTopic[];
  refused_count: number;
};

/** Most topics of one socket. */
export const MOST_TOPICS = 100;
/** Most refusals that are listed. */
const MOST_REFUSALS = 100;

const SURPLUS = `A socket may subscribe to at most ${MOST_TOPICS} channels.`;
const HUB_IS_FULL = 'The hub cannot accept more channels at present.';
const NEEDS_REPORTS = 'The scope "reports" is required.';

/**
 * Decides a request to subscribe, topic by topic. `held`: what the socket has; `room`: how many more the hub accepts.
 */
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
    if (refused.length < MOST_REFUSALS) refused.push({ channel: cutText(channel, MAX_PATTERN_LENGTH), detail });
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
