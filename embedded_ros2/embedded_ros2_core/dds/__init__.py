"""Cyclone DDS through ctypes."""
