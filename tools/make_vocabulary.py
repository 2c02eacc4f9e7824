"""Make src/deident/standard/data/vocabulary.json: words that are never identifiers on their own.

Words of anatomy, modality, laterality, view, orientation and acquisition from the context groups below, as pydicom
ships them, and the defined terms of the common CS attributes. A word in this list is not searched alone, so whatever is
also a family or given name, an eponym or a colour is left out: better a description lost than a name kept.

    python tools/make_vocabulary.py
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pydicom
from pydicom.sr._cid_dict import cid_concepts
from pydicom.sr._concepts_dict import concepts

DATA = Path(__file__).resolve().parent.parent / "src" / "deident" / "standard" / "data"
SHORTEST_WORD = 3

#: Context groups of PS3.16 that hold anatomy, modality, laterality, view, orientation and phase.
CONTEXT_GROUPS = (
    *(
        2,
        4,
        6,
        7,
        12,
        19,
        20,
        26,
        27,
        29,
        32,
        33,
        62,
        212,
        244,
        245,
        246,
        247,
        501,
        502,
        1000,
        1001,
        1002,
        1003,
        1004,
        1005,
        1006,
    ),
    *(
        1010,
        3010,
        3014,
        3015,
        3016,
        3019,
        3717,
        3718,
        3781,
        3827,
        3829,
        3839,
        3840,
        4005,
        4009,
        4010,
        4011,
        4013,
        4014,
        4015,
    ),
    *(
        4016,
        4017,
        4028,
        4029,
        4030,
        4031,
        4040,
        4042,
        4111,
        4209,
        4211,
        4272,
        4273,
        6020,
        6108,
        6109,
        6110,
        6111,
        6112,
        6113,
    ),
    *(
        6114,
        6116,
        6117,
        6121,
        6124,
        6125,
        6126,
        6127,
        6149,
        6152,
        6300,
        6312,
        7140,
        7150,
        7151,
        7152,
        7153,
        7154,
        7155,
        7156,
    ),
    *(
        7159,
        7160,
        7161,
        7166,
        7167,
        7170,
        7171,
        7302,
        7304,
        7600,
        7602,
        7702,
        7710,
        8134,
        9514,
        10003,
        10013,
        10014,
        10044,
    ),
    *(
        10060,
        12020,
        12021,
        12022,
        12023,
        12103,
        12104,
        12105,
        12107,
        12108,
        12109,
        12110,
        12111,
        12112,
        12115,
        12116,
        12117,
    ),
    *(12118, 12125, 12130, 12140, 12224, 12226, 12233, 12236, 12237, 12241, 12242, 12243, 12305, 12307, 12321),
)

#: Defined terms of CS attributes (PS3.3) and plain words of acquisition that the context groups lack.
DEFINED_TERMS = """
AR ASMT AU BDUS BI BMD CD CF CP CR CS CT CTPROTOCOL DD DF DG DM DOC DS DX EC ECG EEG EM EMG EOG EPS ES FA FID FS GM HC
HD IO IOL IVOCT IVUS KER KO LEN LP LS MA MG MR MRA MRI MS NM OAM OCT OP OPM OPR OPT OPTBSV OPTENF OPV OSS OT PA PET
PLAN POS PR PT PX REG RESP RF RG RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SC SEG SM SMR SR
SRF STAIN ST TEXTUREMAP TG US VA VF XA XC XR XRF L R B U AP LL RL RLD LLD RLO LLO RAO LAO LPO RPO RCC LCC CC MLO ML LM
LMO XCC XCCL XCCM FB SIO ISO CV AT TAN RM IMF AX ID SPC HFS HFP HFDR HFDL FFS FFP FFDR FFDL LFP LFS RFP RFS AFDR AFDL
PFDR PFDL A P H F LA LH LF RA RP RH AH AL AF PH PL PF HL HA HP HR FL FP FR ORIGINAL DERIVED PRIMARY SECONDARY AXIAL
LOCALIZER LOCALISER SCOUT TOPOGRAM MPR MIP MINIP PROJECTION RESAMPLED NORM ADC FILTERED REFORMATTED AVERAGE DIFFUSION
PERFUSION ANGIO MOSAIC SUBTRACTION SUBTRACTED VOLUME STATIC DYNAMIC GATED WHOLE BODY RECON TOMO GRADIENT ECHO SPIN
INVERSION RECOVERY SATURATION SEQUENCE SE IR GR EP SK MTC SS TRSS SP MP OSP NONE PFP PFF CG PER FC FFT TSE FSE GRE EPI
FLAIR STIR DWI DTI SWI BOLD ASL TOF CISS FIESTA SPGR MPRAGE HASTE VIBE BLADE PROPELLER HELICAL SPIRAL MONOCHROME
PALETTE RGB YBR FULL PARTIAL ICT RCT ARGB HSV CMYK BLANK YES NO ON OFF OK M O UNKNOWN DV DI WSD SD SI DRW SYN LIN
MODALITY PRESENTATION PROCESSING STORAGE RAW SOFT STANDARD ABDOMEN ABDOMENPELVIS ANKLE AORTA ARM AXILLA BACK BLADDER
BRAIN BREAST BRONCHUS BUTTOCK CALCANEUS CALF CAROTID CEREBELLUM CHEST CHESTABDOMEN CHESTABDPELVIS CLAVICLE COCCYX
COLON CSPINE CTSPINE CLSPINE DUODENUM ELBOW ESOPHAGUS EXTREMITY EYELID FEMUR FINGER FOOT GALLBLADDER HAND HEAD
HEADNECK HEART HIP HUMERUS ILEUM ILIUM JEJUNUM KIDNEY KNEE LARYNX LEG LIVER LSPINE LSSPINE LUMBAR LUMBOSACRAL LUNG
MAXILLA MEDIASTINUM MOUTH NECK NECKCHEST NECKCHESTABDOMEN NECKCHESTABDPELV ORBIT OVARY PANCREAS PAROTID PATELLA PELVIS
PENIS PHARYNX PROSTATE RECTUM RIB SACRUM SCALP SCAPULA SCLERA SCROTUM SHOULDER SKULL SPINE SPLEEN SSPINE STERNUM
STOMACH SUBMANDIBULAR TESTIS THIGH THYMUS THYROID TIBIA TMJ TONGUE TOE TRACHEA TSPINE TLSPINE ULNA URETER URETHRA
UTERUS VAGINA VULVA WHOLEBODY WRIST ZYGOMA NECROSIS LESION TUMOR TUMOUR PHANTOM ARTIFACT ARTEFACT CONTRAST ENHANCED
UNENHANCED NATIVE PRECONTRAST POSTCONTRAST ORTHO LATERAL FRONTAL OBLIQUE SUPINE PRONE DECUBITUS RECUMBENT ERECT
STANDING BREATHHOLD INSPIRATION EXPIRATION INSP EXP TRA COR SAG AXL TRANSVERSAL TRANSVERSE CORONAL SAGITTAL THICK THIN
SLICE SLICES SERIES STUDY IMAGE IMAGES FRAME EXAM SCAN SCANNER SCANS PROTOCOL ROUTINE ACQUISITION RECONSTRUCTION
KERNEL WINDOW DOSE REPORT SCREEN SAVE SUMMARY SETTINGS CALIBRATION TEST QUALITY CONTROL WITHOUT WITH AND FOR THE OF
PRE POST MODALITIES WORKSTATION CONSOLE SYSTEM SERVER ROOM SUITE PORTABLE MOBILE TECH TECHNOLOGIST RADIOLOGY
RADIOLOGIST RADIOGRAPHER OPERATOR PHYSICIAN DOCTOR PATIENT DEPARTMENT HOSPITAL CLINIC EMERGENCY WARD CARDIOLOGY
ONCOLOGY RADIOTHERAPY RADIATION NEURO NEURORADIOLOGY PEDIATRIC MAMMOGRAPHY TOMOGRAPHY ULTRASOUND SONOGRAPHY ENDOSCOPY
PATHOLOGY DERMATOLOGY OPHTHALMOLOGY DENTAL SURGERY MEDICINE NUCLEAR DIAGNOSTIC INTERVENTIONAL IMAGING MEDICAL TEXT NUM
CODE PNAME DATE TIME DATETIME UIDREF COMPOSITE WAVEFORM SCOORD TCOORD CONTAINER TABLE CONTAINS HAS PROPERTIES PROPERTY
OBS CONTEXT CONCEPT MOD INFERRED SELECTED SEPARATE COMPLETE COMPLETED VERIFIED UNVERIFIED PRELIMINARY FINAL APPROVED
UNAPPROVED REJECTED POINT POINTS POLYLINE CIRCLE ELLIPSE ELLIPSOID MULTIPOINT POLYGON OPEN PLANAR NONPLANAR PIXEL
MATRIX DISPLAY AUTOMATIC SEMIAUTOMATIC BINARY FRACTIONAL PROBABILITY OCCUPANCY DEVICE ANIMAL HUMAN EMPTY ADDRESS ENTER
DESCRIPTION COMMENT COMMENTS LABEL TITLE BEAM PHOTON ELECTRON PROTON NEUTRON TREATMENT ARC BREATH COUNTS CORRECTED
DECAY START SCATTER RANDOM RANDOMS ATTENUATION DTIM GANTRY CONSTANT ANGLE AXIS LINEAR SIGMOID IDENTITY INVERSE SHAPE
ROUND RECTANGLE RECTANGULAR POLYGONAL BITMAP SIGNED UNSIGNED INTERLEAVED LOSSY LOSSLESS MULTIPLE SINGLE ISOTROPIC
ABSOLUTE RELATIVE PERCENT GRAM KEV MEV KV SUV BQML CNTS PROPCNTS MGML BONE SHARP MIXED OTHER UNDEFINED UNCALIBRATED
CALIBRATED FLUORO CINE POSITIONER FLAT PANEL SCINTILLATOR DIRECT AEC MANUAL NONLINEAR NORMAL RECONSTRUCTED SYNTHETIC
MONITORING LOCAL GLOBAL RELEASED PENDING STARTED DISCONTINUED SCHEDULED ACTIVE INACTIVE INSTANCE GROUP CLASS REFERENCE
TARGET ORGAN REGISTRATION ISOCENTER MARKER CAVITY SUPPORT FIXATION SKIN GTV CTV PTV ITV OAR PRV DVH PHYSICAL
BIOLOGICAL EFFECTIVE FRACTION SESSION BRACHY PEAK VOXEL SUM SUMMATION GRAY REPETITION TRIGGER GATING PROSPECTIVE
RETROSPECTIVE CARDIAC RESPIRATORY ARRHYTHMIA SPOILED UNSPOILED STEADY STATE PREPARED COIL HEADER QUADRATURE SURFACE
PHASED ARRAY BIRDCAGE INPLANE FLOW COMPENSATION WATER FAT SILICONE EVEN ODD FIRST LAST
"""

#: Values that stand in place of a name or an id and name nobody: never gathered.
PLACEHOLDERS = """
ANON ANONYM ANONYME ANONYMISED ANONYMIZED ANONYMOUS ANONYMIZE DEIDENTIFIED DEIDENT REMOVED REDACTED WITHHELD EMPTY
NONE NULL NIL UNKNOWN UNDEFINED UNSPECIFIED UNASSIGNED UNNAMED NAMELESS MISSING DEFAULT DUMMY SAMPLE EXAMPLE DEMO TEST
TESTING PATIENT SUBJECT NAME FIRSTNAME LASTNAME PATIENTID PATIENTNAME NOID NONAME NOVALUE NOTAVAILABLE NOTPROVIDED XXX
XXXX XXXXX XXXXXX
"""

#: Endings and titles of names, and particles: never searched alone.
NAME_PARTICLES = """
DR PROF MR MRS MS MISS MD PHD DDS DMD RN RT RTR FRCR FRCS MBBS BSC MSC DIPL ING MED JR SR ESQ SIR LADY LORD HERR FRAU
MAG VAN VON DER DEN DEM TEN TER DEL DELLA DELLE DELLO DEGLI DOS DAS DES LES THE AND BIN BINT IBN UND ZUM ZUR VOM AUS
III VIII
"""

#: Words of organisations and addresses that are not distinctive alone.
GENERIC = """
ASSOCIATES ASSOCIATION CARE CENTER CENTRE CENTRO CENTRAL CITY CLINIC CLINICA CLINICAL CLINIQUE COLLEGE COMMUNITY
COMPANY COUNTY DEPARTMENT DEPT DISTRICT DIVISION FACILITY FACULTY FOUNDATION GENERAL GMBH GROUP HEALTH HEALTHCARE
HOSPITAL HOPITAL HOSPITALS IMAGING INC INSTITUT INSTITUTE INSTITUTION INTERNATIONAL KLINIK KLINIKEN KLINIKUM
KRANKENHAUS LAB LABORATORY LIMITED LLC LTD MEDICAL MEDICINE MEMORIAL MINISTRY NATIONAL OSPEDALE PRACTICE PRIVATE
PUBLIC RADIOLOGIE RADIOLOGY REGIONAL RESEARCH SCHOOL SCIENCES SERVICE SERVICES SOCIETY SPITAL STATE SYSTEM SYSTEMS
TRUST UNIT UNIVERSITAET UNIVERSITAETSKLINIKUM UNIVERSITATSKLINIKUM UNIVERSITE UNIVERSITY UNIVERSITARIO UNIV HOSP WARD
FLOOR ROOM BUILDING BLOCK STATION SCANNER NORTH SOUTH EAST WEST NORTHERN SOUTHERN EASTERN WESTERN UPPER LOWER MAIN OF
AND THE FOR AT DE DU DES LA LE DI UND FUR FUER DER DIE DAS ET AND STREET ROAD AVENUE BOULEVARD DRIVE LANE COURT PLACE
SQUARE HIGHWAY SUITE APARTMENT STRASSE STR PLATZ WEG ALLEE GASSE RUE VIA CALLE PLAZA PIAZZA AVENIDA HOUSE TOWN VILLAGE
PARK SIEMENS PHILIPS TOSHIBA CANON HITACHI FUJIFILM FUJI AGFA KODAK CARESTREAM HOLOGIC VARIAN ELEKTA SAMSUNG MEDISON
SHIMADZU ESAOTE MINDRAY KONICA MINOLTA ZEISS OLYMPUS PENTAX HEIDELBERG TOPCON MARCONI PICKER ACUSON HEALTHINEERS
SONOSITE UNITED IMAGING
"""

#: Words of the groups above that are also names of people, eponyms, colours or too ordinary.
NAMES = """
achilles ala alaeque albers alexander angelica anger ani apple arcelin arch arches art ash august ava baker ball bank
banks barber base bass baum bay bean beath beclere beer bell berg berry bertel best bird bishop black blackett blue
bluff board bond boot bow bowen bowl bowman box boyd branch brewerton bridge bridges broad broden brook brown buckle
budd bull bullet burman burns bush butler butterworth button cahoon caldwell calvert calyx camp cannon canal carina
carinae carlo carpenter carr carter cast castle causton chamber chamberlain chambers chang chassard chausse chebyshev
chen chin chip chu church clark clay cleaves clements cliff clip clock cloud cockett coin colcher cole coles collar
colli collins concha constant cook cooper copper cord core corn cotton couinaud course coventry cowper cox craft crane
crease crest cricket cross crown crus cruz cruciate crypt cuff curl curtis cyrus dale danelius day deep dean delphian
delta denis dens diamond dodd dome douglas dove drew drum dunlap early east ebstein elliot ellis eraso ernst eve fair
falk farmer fast fellow ferguson field fields fine fiore fisher fisk fleischner flight flint flood floor flow flower
fontan ford forest fork fossa fowler fox frank franklin freeman friedman frog frost fry fuchs fuller gabriel gallo
garth gas gaynor george giacomini gill glenn glover glue gmellus gold golden good goss graham grand grandy grant
grashey graves gray great green gross groom guild gutter haas hale half hall hard hardy harper harris hart haas hatch
hay hayes healy heel henry henschen herring hickey high hill hirtz hoffman hoffmann holder holly holmblad holmes hook
hope horn horner horton hough house howard hounsfield hsieh hughston hunt hunter hunterian ida ideal ilia iris iron
isherwood isla ivy jack james janma jar jaw jay jean jet joint jones jordan joy judd judet junior kahn kai kandel
kasabach kay keel kemp kent kerley key keys king kite knight knob knox koch kock kovacs kuchendorf kurzbauer lad lake
lam lamb lambert lance land lane lang lange laquerriere large lauenstein law lawrence lean lee leer leo leonard lesser
lewis lid lilienfeld lim limb lin lina lindblom lines ling link lister little lock long loop lopez lorenz love low
lowe lucas luna lund lung lunt lysholm mac major malone male man mann maria marie mark marker marks marsh martin mask
mason mass massa master mata may mayer mead mean medina mei mercedes merchant merkel meyer miles mill miller mills min
mina ming mira mitchell mole mono moon moore morris moses moss mount mouse mullerian muller mustard nail nakayama nasi
near neer nelson new newton nick nickel noble nolan nolke nora nordic norgaard norman nova nurse nye oddi ogle olinda
ora oral orr otto ottonello owen page paget palm palma palmar palmer pan park parker parks parsons pat paul pawlow
pearl pearson penner penny perry peters peyer pia pierquin pilar pillar pin pirie plate plum pole pond pons pool poor
pope porta porter post potter powell power price prince purkinje queen quick quill rafert rand rang ray reed reich
reid reil reyes rheinberg rhese rice rich rico rima ring ringer rio rivera rivers robert rod rogers rolando rolled
root rosa rose rosen rosenberg ross rowe roy ruben rubin russell ruth ryan salina sam sanchez sand sands santa
santorini schatzki schmidt schonberg schuller schwann scott seal sella senning settegast shaft sharp shaw shin short
silver silva simon simpson singer singh slaughter slope slow small smart smith snow sol sole sommer song sophia spark
spear speed spiegel spring square st stanford staple star start staunig stecher steel stein stella stem stenvers
sterling stern stewart stock stone storm street strong stryker sun sussman sutton sven swan swanson swift sylvius tait
tan tang target tarrant tate tau taylor tear tears temple tenney terry thomas thompson thorn tin titterington todaro
todd tom tower towne tran tray tree trent true tucker tung turner twining underwood valdini valentine valsalva van
vance vas vega velez vera verge vernon via victor villa vincent violet vita vogel vogt wade wait walker wall walls
ward warren wash water waters watson watt watts wave way webb webster wedge week weight weir wells welsh werner west
wet wheeler white whole wigby wilkins will williams willis wilson winter wing wise wolf wolff wong wood woods wright
yang yellow york young yuan zanelli zenker zinn zobel bolt blank elm magnus main norm regan magnolia corona flora lap
stark loop lin tan age ago all any apron are area art arrival arrive both but can care chair change channel check city
class clear click code come copy count cut cycle data date desk did do door dose each end five four fresh full game
girl good great help home hour ice info item june kind last late less line live lot made mail make many mate mean meet
men mine month more most move much must nice night nine note now old open oven own part pass past path pay plant play
please rate read ready real rest right road room round row rule safe sale same save school score seat see self sell
send serve set seven shape share ship shop show sick side sign site size skill son sort state stay step stop story
such sure take talk tall teach tell tender ten than then they thing think this three time today told top town toy
trade train trip try turn two type unit use value view visit voice vote wake walk want warm was water wear well went
what when where wide wife wild win wind wine wish word work world worry year yes you
"""

#: Words on the list of names that stay all the same: terms which hardly any study lacks.
KEPT = """
ALL AND ANY AREA CANAL CHANNEL CHAMBER COPY CYCLE DID DOSE END FIVE FLOW FLOOR FOSSA FOUR FULL JAW JOINT LIMB LINE
LINES LUNG MASK MASS NEAR OPEN ORAL PART PATH PLATE PORTAL REST RIGHT SAVE SERIES SET SIDE SITE STANDARD TEST TWO UNIT
VALUE VIEW WHOLE YES WITH WITHOUT UPPER LEFT PHASE THE FOR
"""


def words_of(text: str) -> set[str]:
    return {word.casefold() for word in text.split()}


def meanings() -> set[str]:
    """The code meanings of the context groups, one string each."""
    found = set()
    for group in CONTEXT_GROUPS:
        for scheme, keywords in cid_concepts[group].items():
            for keyword in keywords:
                found.update(meaning for meaning, _groups in concepts[scheme][keyword].values())
    return found


def main() -> None:
    words = {word.casefold() for meaning in meanings() for word in re.findall(r"[A-Za-z]+", meaning)}
    names = (words_of(NAMES) | words_of(COMMON_NAMES)) - words_of(KEPT)
    words = {word for word in words if len(word) >= SHORTEST_WORD} - names
    terms = {term for term in words_of(DEFINED_TERMS) if len(term) < SHORTEST_WORD or term not in names}
    document = {
        "schema": "vocabulary/1",
        "what": "words that are never identifiers on their own, casefolded; names, eponyms and colours left out",
        "source": "words of PS3.16 context groups (listed in the command), defined terms of PS3.3; facts, (c) NEMA",
        "edition": f"context groups as shipped in pydicom {pydicom.__version__}",
        "command": "python tools/make_vocabulary.py",
        "terms": sorted(words | terms),
        "placeholders": sorted(words_of(PLACEHOLDERS)),
        "name_particles": sorted(words_of(NAME_PARTICLES)),
        "generic": sorted(words_of(GENERIC)),
    }
    (DATA / "vocabulary.json").write_text(json.dumps(document, indent=0, ensure_ascii=True) + "\n")


#: Given and family names that no table should shadow, whatever context group they stand in.
COMMON_NAMES = """
adam adams alan albert alex ali allen amir amy anders anderson andrea andrew angel ann anna anne anton antonia april
arthur barbara bauer beck becker ben benjamin bernard bianchi bob bruno campbell carl carlos carol caroline charles
charlotte chris christian chung claire claudia conti costa daniel david davis diana diaz edward elena elizabeth emil
emily emma eric erik ernest eva evans felix fernandez ferrari fischer florence fontana fournier francis fred garcia
gomez gonzalez grace green guerra hahn hamilton han hans harry helen herrera hernandez hong huang hughes hugo ian
ibrahim ines irene ivan jackson jane jason jennifer jensen jim joan johann john johnson joseph juan judith julia jung
karl kate keller kelly kevin khan kim klein kowalski kramer krause kumar kurt laura lehmann li lily linda lisa liu
lloyd louis lu luis luke lynn maier manuel marco margaret marina marta martinez mary max mia michael miguel mohamed
moreno morgan mueller muhammad murphy natalie nguyen nicole nielsen nina novak olga oliver olsen omar oscar pablo
patel patrick pedro pereira peter petersen pham philip phillips rachel ralph ramos rebecca ricci richard richter rita
robinson rodriguez roman romano rossi rudolf sahin sandra santos sara sarah schneider schulz schwarz sharma shi sofia
song sophie stefan steve stone sung susan suzuki tanaka theo theresa tim tina tony torres ursula valerie vargas
victoria vidal vo wagner walter wang weber wei weiss wen wu xu yamada yan yilmaz yong yu yusuf zhang zhao zhou zhu
zimmermann
"""


if __name__ == "__main__":
    main()
