"""Devices: CPU, PCI, USB, firmware."""
