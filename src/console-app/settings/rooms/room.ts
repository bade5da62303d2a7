import type { roomResource } from '../../../resources/room.ts';

export type Room = ReturnType<typeof roomResource>;
