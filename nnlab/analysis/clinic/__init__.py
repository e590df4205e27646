"""Ten patients, each a small training script with one fault: diagnose them from curves, gradients and activations.

ward: what a patient is, how it is treated and cured. healthy: the script that nothing is wrong with. patient_1 to
patient_10: what each patient does in another way; do not read them before you have made your diagnosis.

>>> from nnlab import clinic
>>> clinic.patient(3)
patient 3, seed 0: digits, standardized, 1,077 training samples; nobody knows yet what is wrong
"""

from nnlab.analysis.clinic.ward import FAULTS, Patient, cure, patient, treat

__all__ = ["FAULTS", "Patient", "cure", "patient", "treat"]
