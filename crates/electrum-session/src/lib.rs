//! What every Electrum adapter shares: waiting callers, the call queue, repetition, update mailboxes.
