"""The roof: the verbs of `simreal` and the console scripts of the nodes; nothing imports it.

Rooms: parsing, bench, calibrate, baselines, experiments, robot, watch.

Public: `cli.main`, `node_entry.control_node`.
"""
