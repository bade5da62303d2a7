/** What commands have in common (commands.ts). */

import type { MemberRooms } from '../resources/chat-grant.ts';
import type { UserFacts } from '../resources/user.ts';
import type { CommandHeader } from './command-header.ts';

export type InChat = CommandHeader & { chat_id: string };

/** What only a member may send. `rooms` as in a member's grant. */
export type OfMember = InChat & { actor: UserFacts; rooms?: MemberRooms | undefined };

/** At most `most` in any `period` (ms). */
export type Limit = { most: number; period: number };

export type ChatRef = { id: string; room_id: string | null };
