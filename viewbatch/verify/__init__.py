"""The geometric certificate: a dataset proved, or refuted, from its own files."""

from viewbatch.verify.certificate import Certificate, certify
from viewbatch.verify.findings import Finding
from viewbatch.verify.noise import psnr_db

__all__ = ["Certificate", "Finding", "certify", "psnr_db"]
