"""The modules that every generated study shares: an invented patient, study, equipment and request."""

from __future__ import annotations

from pydicom.dataset import Dataset

from benchmarks.builder import code, item, sequence, uid

__all__ = ["study_of"]


def study_of(number: int, modality: str, sop_class: str) -> Dataset:
    """Patient, General Study, General Equipment and request attributes, the same in all instances of study `number`."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.InstanceCreationDate = "20260105"
    ds.SOPClassUID = sop_class
    ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20260105"
    ds.StudyTime = f"0815{number % 60:02d}.000000"
    ds.AccessionNumber = f"QVA{number:06d}"
    ds.Modality = modality
    ds.Manufacturer = "GENERATOR MEDICAL SYSTEMS"
    ds.InstitutionName = "Spital Zürnau"
    ds.InstitutionAddress = "1 Ulmgasse, Zürnau"
    ds.ReferringPhysicianName = f"Zylbrex^Orla{number}"
    ds.StationName = f"QVST{number:04d}"
    ds.StudyDescription = f"{modality} of a phantom"
    ds.InstitutionalDepartmentName = "Radiology"
    ds.PhysiciansOfRecord = "Tharvik^Edda"
    ds.PerformingPhysicianName = "Morvane^Ilke"
    ds.NameOfPhysiciansReadingStudy = "Pellworm^Ansgar"
    ds.OperatorsName = "Jessling^Ute"
    ds.ManufacturerModelName = "Generator 9000"
    ds.PatientName = f"Quorvex^Anselmar{number}^^^"
    ds.PatientID = f"QVX-{number:08d}"
    ds.IssuerOfPatientID = "QVISSUER"
    ds.PatientBirthDate = "19610412"
    ds.PatientSex = "O"
    ds.OtherPatientIDs = [f"ALT-{number:06d}", f"OLD-{number:06d}"]
    ds.PatientAge = "064Y"
    ds.PatientSize = "1.75"
    ds.PatientWeight = "73.5"
    ds.PatientAddress = "2 Birkweg^Zürnau"
    ds.PatientTelephoneNumbers = "+00 0000 0000"
    ds.EthnicGroup = "UNKNOWN"
    ds.AdditionalPatientHistory = "None: this patient does not exist"
    ds.PregnancyStatus = 4
    ds.PatientComments = "Made by a generator"
    ds.DeviceSerialNumber = f"QVSN{number:08d}"
    ds.SoftwareVersions = ["bench_1.2.3", "recon_4.5"]
    ds.StudyInstanceUID = uid(number)
    ds.StudyID = f"{number:05d}"
    ds.RequestingPhysician = "Dravenna^Kjell"
    ds.RequestingService = "Station Q7"
    ds.RequestedProcedureDescription = f"{modality} routine"
    ds.AdmissionID = f"ADM{number:06d}"
    ds.CurrentPatientLocation = "Station Q7"
    ds.PerformedProcedureStepStartDate = "20260105"
    ds.PerformedProcedureStepStartTime = "081500"
    ds.PerformedProcedureStepID = f"PPS{number:06d}"
    ds.PerformedProcedureStepDescription = f"{modality} routine"
    _request(ds, number, modality)
    return ds


def _request(ds: Dataset, number: int, modality: str) -> None:
    protocol = [code("BM1", "99BENCH", "Routine"), code("BM2", "99BENCH", "With contrast")]
    step = item(
        RequestedProcedureDescription=f"{modality} routine",
        ScheduledProcedureStepDescription=f"{modality} routine, scheduled",
        ScheduledProcedureStepID=f"SPS{number:06d}",
        RequestedProcedureID=f"RP{number:06d}",
    )
    sequence(step, "ScheduledProtocolCodeSequence", protocol)
    sequence(ds, "RequestAttributesSequence", [step])
    sequence(ds, "ProcedureCodeSequence", [code("BM0", "99BENCH", f"{modality} examination")])
    sequence(ds, "RequestedProcedureCodeSequence", [code("BM0", "99BENCH", f"{modality} examination")])
    sequence(ds, "PerformedProtocolCodeSequence", [code("BM1", "99BENCH", "Routine")])
    sequence(
        ds,
        "ReferencedStudySequence",
        [item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1", ReferencedSOPInstanceUID=uid(number, 9001))],
    )
    sequence(
        ds,
        "ReferencedPerformedProcedureStepSequence",
        [item(ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.3", ReferencedSOPInstanceUID=uid(number, 9002))],
    )
    sequence(ds, "AnatomicRegionSequence", [code("69536005", "SCT", "Head")])
