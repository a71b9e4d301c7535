"""Watches a camera and the network in production: what goes wrong slowly, or without a word.

Rooms: measures, checks.

Public: `monitor.Monitor`, `watch_record.WatchRecord`, `watch_page.watch_page`.
"""
