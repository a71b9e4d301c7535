"""The networks in torch, and the charts of a cube's orientations that their outputs mean.

Public: `detector_network.DetectorNetwork`, `pose_network.PoseNetwork`.
"""
