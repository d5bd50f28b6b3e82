"""Pretend platforms on 127.0.0.1: they answer the real SDKs, sign their webhooks, and enforce the platforms' rules."""
