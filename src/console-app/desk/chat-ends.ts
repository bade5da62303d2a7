import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';
import { endChat, openNewChat } from '../hub/chat-actions.ts';
import { visitorPath } from '../hub/visitors.ts';
import type { InboxRow } from '../replica/known.ts';
import { nameOf } from '../words/names.ts';
import { useDesk } from './desk.tsx';

/** Opens a new chat with the visitor of one that has ended, and goes there. Null for a chat without a visitor. */
export function useNewChat(): (row: InboxRow) => (() => Promise<void>) | null {
  const { userId, complain } = useDesk();
  const navigate = useNavigate();
  return useCallback(
    (row) => {
      const path = visitorPath(userId, row);
      if (path === null) return null;
      return async () => {
        const opened = await openNewChat(path);
        if (!opened.ok) return complain(opened.problem);
        await navigate({ to: '/inbox/$view/$chatId', params: { view: 'mine', chatId: opened.chatId }, search: {} });
      };
    },
    [userId, complain, navigate],
  );
}

/** Ends a chat, and says that this cannot be taken back. */
export function useClosing(): (row: InboxRow) => Promise<void> {
  const { replica, userId, complain, say } = useDesk();
  const newChat = useNewChat();
  return useCallback(
    async (row) => {
      const problem = await endChat(replica, userId, row);
      if (problem !== null) return complain(problem);
      const open = newChat(row);
      const action = { name: 'Open a new chat', isUndo: false, run: () => void open?.().catch(reportError) };
      say({
        text: `The chat with ${nameOf(row)} is closed. It cannot be opened again.`,
        action: open === null ? null : action,
      });
    },
    [replica, userId, complain, say, newChat],
  );
}
