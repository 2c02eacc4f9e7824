"""The words of the lexicon that no table of the standard has: written by us, by group, each with its reason.

A word here is kept even where it is also somebody's name, so each was weighed: `hand`, `back` or `lunge` are indispensable,
`bell`, `hill` or `cross` are not. Context (a title, a comma, an initial) still takes any of them away.
"""

from __future__ import annotations

#: Anatomy that descriptors use and context groups lack or that the list of names would take away.
ANATOMY = """
abd abdo abdomen abdominal abdpel abdpelvis abdomenpelvis acetabular acetabulum achilles adnexa adrenal adrenals
airway airways ankle ankles anterior antrum anus aorta aortic aortoiliac apex apical appendix arch arm arms arterial
arteries artery articular atrial atrium auricular axilla axillary back basal base bicep biceps bilat bile biliary
bladder body bone bones bony bowel brachial brain brainstem breast breasts bronchi bronchial bronchus buttock
calcaneus calf calves canal cardiac cardio cardiothoracic cardiovascular carotid carotids carpal cartilage caudal cava
cavity celiac cephalic cerebellar cerebellum cerebral cerebrum cervical cervix chest cheek circle clavicle coccyx
cochlea colon colonic condyle cord cornea coronaries coronary cortex cortical costal costophrenic cranial cranium
cruciate cspine cuff cyst dens dental deltoid diaphragm digit digits disc discs disk distal dorsal duct ductal ducts
duodenum dural ear ears elbow elbows endometrium epigastric epigastrium esophageal esophagus extremities extremity eye
eyeball eyes face facial facet femoral femur femora fetal fetus fibula finger fingers foot foramen forearm forearms
forefoot fossa frontal fundus gallbladder ganglia gastric gastro gastrointestinal genital genitourinary gland glands
gluteal gonads groin hand hands head heads heart heel hemi hepatic hepatobiliary hilar hilum hindfoot hip hippocampus
hips humeral humerus hypophysis iac iacs ileum iliac ilium infant infrarenal inguinal inner innominate intercostal
internal intestinal intestine intracranial ischium jaw jejunum joint joints jugular kidney kidneys knee knees kub
labrum lacrimal larynx leg legs lens ligament ligaments limb limbs lip liver lobe lobes lower lspine lumbar
lumbosacral lung lungs lymph lymphatic mandible mastoid mastoids maxilla maxillary maxillofacial meatus mediastinal
mediastinum medulla meniscal meniscus mesenteric metacarpal metatarsal midbrain midfoot midline mitral mouth muscle
muscles musculoskeletal myocardial myocardium nasal nasopharynx neck neonate nerve nerves neural nipple nose nostril
nucha occipital ocular odontoid oesophagus optic oral orbit orbital orbits osseous ovarian ovaries ovary palate
pancreas pancreatic panoramic paranasal parathyroid parietal parotid patella patellar patellofemoral pediatric pedal
pelvic pelvis penile penis perineum peripheral peritoneal petrous pharynx pituitary placenta placental pleura pleural
plexus popliteal portal prostate prostatic proximal pubic pubis pulmonary quadrant radial radius rectal rectum renal
retina retinal retroperitoneal retroperitoneum rib ribs root roots rotator sacral sacroiliac sacrum salivary scalp
scaphoid scapula sciatic scrotal scrotum sella sellar septal septum shoulder shoulders sigmoid sinus sinuses skeletal
skeleton skin skull sole spinal spine spleen splenic sternum stomach subclavian subcutaneous submandibular subtalar
suprapubic supraclavicular suprarenal tail talus tarsal teeth temporal temporomandibular tendon tendons testes
testicle testicles testicular testis thalamus thigh thighs thoracic thoracoabdominal thoracolumbar thorax throat thumb
thymus thyroid tibia tibial tissue tissues tmj tmjs toe toes tongue tonsil tooth trachea tracheal tricuspid trunk
trochanter tspine tube tubes tympanic ulna ulnar umbilical ureter ureteral ureters urethra urethral urinary urogenital
uterine uterus vagina vaginal valve valves vascular vein veins vena venous ventricle ventricles ventricular vertebra
vertebrae vertebral vessel vessels vulva wrist wrists zygomatic neuroaxis neurovascular runoff runoffs outlet inlet
bifurcation circumflex lad lcx lvot rvot lv rv ra svc ivc sma ima aca mca pca ica eca cca vbi cow acl pcl mcl lcl
antero postero latero supra infra intra extra peri para retro sub trans uvc pfj acj chamber chambers thor pel thorabd
atria annulus iva ivb lvef leaflet
"""

#: Laterality, position, direction, view and projection.
VIEWS = """
left right lt rt lft rgt bilateral unilateral both ipsilateral contralateral side sided upper lower middle mid medial
lateral lat superior inferior inf sup ant post posterior anterior cranial caudal caudocranial craniocaudal proximal
distal deep superficial central peripheral axial ax axi sagittal sag coronal cor transverse transversal trans tra trv
tvs oblique obl obliq obli paraxial paracoronal parasagittal parasag paracor orthogonal ap pa ll rl rlo llo lao rao
lpo rpo cc mlo ml lm xccl fb swimmer swimmers frog frogleg sunrise skyline tangential mortise notch axillary outlet
judet odontoid openmouth lordotic decub decubitus upright erect standing sitting supine prone recumbent crosstable
xtable weightbearing flexion extension flex ext neutral abduction adduction internal external rotation rot inversion
eversion inspiration expiration insp exp inspiratory expiratory inspir expir breathhold breathold breath hold bh
freebreathing nonbh hfs ffs hfp ffp hfdr hfdl ffdr ffdl feet first headfirst feetfirst view views projection proj
projections spot magnification mag compression pano panorex ceph cephalometric bitewing bitewings periapical occlusal
whole half full limited complete comp single double multi multiple dual triple min minimum max maximum total partial
region regional level levels segment segments segmental zone area thru thrutransfer wb wholebody fullbody ii iii iv vi
vii viii cran caud lmlo rmlo lcc rcc lml rml plax psax 2ch 3ch 4ch 5ch a2c a3c a4c
"""

#: Modalities, sections of a department as kinds of examination, devices as classes.
MODALITIES = """
ct cta ctv ctp cbct hrct ldct qct mdct dect spect pet petct petmr petmri pt nm mr mri mra mrv mrcp mrs mrsi fmri cmr
cmri mre us usg ivus tte tee echo ekg ecg eeg emg dx cr dr xr xa xray xrays radiograph radiographs radiography rf mg
mammo mammogram mammography tomo tomosynthesis dbt dexa dxa bmd angio angiogram angiography arteriogram venogram
venography dsa cine fluoro fluoroscopy arthrogram arthrography myelogram myelography urogram urography ivp ivu vcug
cystogram cystography hsg esophagram barium enema swallow modified ugi sbft enterography enteroclysis colonography
cholangiography cholangiogram ercp ptc ptca pci tavi tavr evar tevar biopsy bx fna drainage ablation rfa embolization
tace stent angioplasty thrombectomy nephrostomy vertebroplasty injection aspiration guided guidance localization
localizer localiser locator loc scout scouts topo topogram surview scanogram scano pilot planning plan plans
simulation sim radiotherapy rt rtplan rtdose rtstruct rtimage igrt vmat imrt sbrt srs brachytherapy mapping endoscopy
endo microscopy oct fundus photo photography ultrasound sonography sonogram doppler duplex color colour elastography
elastogram echocardiogram echocardiography echocardiograph transthoracic transesophageal transvaginal transrectal
transabdominal obstetric ob gyn obstetrical nuclear medicine scintigraphy bone scan mug muga hida dmsa mag3 datscan
mibg octreotide thallium sestamibi tetrofosmin perfusion ventilation vq dicom sr sc secondary capture screenshot
screen report structured key image images dose reports summary overview collection object state presentation gsps
radiology imaging diagnostic interventional
"""

#: MR: weightings, sequences and their makers' names, contrast mechanisms, parallel imaging, options.
MR_WORDS = """
mprage mp2rage bravo fspgr spgr gre fgre fse frfse tse se ssfse haste rare blade propeller multivane vane space cube
vista flair flairs stir spir spair dixon mdixon ideal lava vibe thrive ethrive twist tricks treat keyhole disco fiesta
ciss trufi truefisp fisp flash ffe bffe tffe btfe tfe tfl turboflash turbo hyper fast ultrafast snapshot radial stack
stackofstars stars starvibe caipi caipirinha grappa sense csense asset arc ipat smash sms mb multiband multishot
resolve ms singleshot ss ssh epi ep2d ep2dw epidiff dwi dw dwibs ddwi edwi diffusion diff dti dsi hardi adc eadc fa
trace tracew isotropic iso tensor bvalue bval bvec exp swi swan swip swim venbold qsm bold fmri resting rest task
fieldmap b0map b1map gremap phasemap magnitude phase real imaginary mag pha pc pcmra tof mra mip mips minip mpr mprs
mpvr mpvrs cpr vr vrt ssd asl pasl pcasl casl cbf cbv mtt ttp tmax dsc dce ktrans perf spectroscopy press steam csi
svs mega laser mrsi fat water inphase outphase outofphase opposed opp opphase inph outph ip op sat fatsat fatsupp
fatsuppressed fs nonfs nofs nfs supp suppression suppressed suppr excitation we selective sel nonsel ir tir tirm irtse
inversion recovery psir molli shmolli t2prep prep prepared mt mtc mton mtoff lge mde delayed enhancement cine tagging
tagged grid saturation satband satbands flow flowcomp venc pcflow qflow velocity pd pdw pdfs wi weighted weighting
weight fid spin echo echoes multiecho me steady gradient fov rfov nex nsa navs nav navi navigator triggered trig
trigger gated gating resp respiratory cardiac peripheral pulse ecg ungated te tr ti etl bw slab slabs slice slices slc
thick thickness thin gap contiguous interleaved coil coils body head neck spine torso surface quad phased array cal
calibration ref prescan smartprep smartbrain autoalign aahead aascout aahscout survey loca locs threeplane 3plane
triplane tri plane planes planar volumetric volume vol reformat reformatted reform recon recons reconstruction
reconstructed filtered norm normalized unfiltered dis2d dis3d distortion corrected prescannorm orig original derived
sub subs subtraction subtracted subtract moco motion register registered fused fusion warped averaged mean average sum
std dynamic dyn dyna multiphase early late delay delays mosaic dtifiber fiber fibre tract tractography tracts noise
quiet zte silent ultrashort synthetic symri magic mdme starmap relaxation rho map maps t2map t1map colormap hadamard
cest apt elasto fingerprinting mrf qalas medic merge mffe mera cosmic ffemm caipirina deep air dl ai denoise denoised
accelerated accel speed compressed sensing ns sw rcbv rcbf nsat dwis col pjn
"""

#: CT: kernels, reconstructions, dose and scan words.
CT_WORDS = """
axial helical spiral sequential sequence sequences seq incremental volume wideview shuttle cine gantry tilt pitch
kernel soft smooth standard std detail detailed edge ultra bone lung lungs parenchyma brain abdomen mediastinum win
window windows ww wl hr hires highres lowres res resolution high low asir asirv veo mbir iterative idose imr safire
admire aidr fbp fc fbpl mono monoenergetic monoplus mixed energy spectral virtual vnc vncs nonlinear iodine calcium
scoring score cascore cacs smartscore bolus tracking premonitoring monitoring premon mon test timing bolustracking roi
dose doses lowdose ultralow reduction reduced care modulation kv mas ctdi ctdivol dlp thins thick thicks thk overlap
increment inc sections section topogram range start stop phase phases diastolic systolic diastole systole bestdiast
bestsyst retro retrospective prospective pro pros ecg pulsing gated ungated mar imar semar metal artifact artefact
artifacts endoscopic fly through flythrough vrt rendering rendered cinematic curved straightened centerline
postprocessing postproc processed processing processor workstation
"""

#: Contrast, phases, agents (brand and generic).
CONTRAST = """
contrast con cont contr wo wi without with plain native nativ unenhanced noncontrast nonenhanced nc ncct nce cect nect
ce cemra enhanced enh enhancement pre post precontrast postcontrast iv ivcon oral rectal po gad gado gadolinium gd
gdtpa dotarem gadovist gadavist magnevist multihance prohance primovist eovist omniscan optimark clariscan vueway
gadoterate gadobutrol gadoteridol gadoxetate ablavar vasovist isovue omnipaque ultravist visipaque iomeron imeron
optiray xenetix iohexol iopamidol iopromide iodixanol iomeprol ioversol gastrografin telebrix conray hexabrix lipiodol
oxilan iobitridol sonovue definity optison lumason arterial art venous ven portal portalvenous portven pv late early
delayed delay equilibrium equil nephrographic nephrogenic excretory corticomedullary hepatobiliary hbp parenchymal
phase phases triphasic biphasic multiphasic wash washout washin injection inject bolus saline flush glucagon buscopan
fdg psma dota dotatate dotatoc choline fluoride naf tracer tc99m mdp hdp i123 i131 f18 ga68 tl201 stress rest
adenosine regadenoson dobutamine
"""

#: Words of requests, findings and reports.
REPORT = """
abnormal abnormality abscess absent acute adenoma adenopathy age aneurysm appearance arthritis arthroplasty artifact
assess assessment asymmetry atelectasis atherosclerosis atrophy attenuation benign bilateral bleed bleeding blood
bulge calcification calcifications calcified calculus callus carcinoma cardiomegaly cause cavitation change changes
chronic cirrhosis clear clinical colitis collapse collection compare comparison compression concern concerning
congenital congestion consolidation contusion correlation cough cystic deformity degenerative degeneration
demonstrated density deviation diagnosis diagnoses diagnostics difference diffuse dilatation dilated disease
dislocation displaced displacement dissection distended disorder diverticulitis edema effusion elevated embolism
embolus emphysema encounter enlarged enlargement erosion evaluate evaluation evidence exam examination exclude extent
extensive failure fatty fever fibroid fibroma fibrosis findings fissure fistula fluid focal follow followup fu
fracture fractures fragment function generalized given goiter granuloma headache healed healing hematoma hemorrhage
hemorrhagic hernia herniation heterogeneous history hx homogeneous hydrocephalus hydronephrosis hypertrophy impression
improved incidental increase increased indication indications infarct infarction infection inflammation inflammatory
injury interval intact ischemia ischemic known large larger lesion lesions leukemia lymphadenopathy lymphoma
malignancy malignant marked marker mass masses mets metastases metastasis metastatic mild minimal moderate multifocal
myeloma narrowing necrosis negative neoplasm new nodular nodule nodules no non normal not note noted obstruction
obstructive occlusion old opacities opacity osteoarthritis osteomyelitis osteopenia osteophyte osteoporosis pain
palpable pathology patency patent perforation pneumonia pneumothorax polyp positive possible prior probable
progression prominent prosthesis protocol question questionable recent recurrence recurrent redemonstrated residual
resection result results rule ruptured rupture sclerosis screening scoliosis seizure seizures severe severity shift
shunt sign signs significant similar size smaller solid solitary spondylosis spondylolisthesis sprain stability stable
staging status stenosis stroke study subacute subluxation surgery surgical surveillance suspect suspected suspicious
swelling symptoms syndrome tear thickened thickening thrombosis thrombus tia torsion trauma tumor tumors tumour ulcer
unchanged underlying unremarkable ossifying nonossifying unspecified vertigo visible visualized volvulus weakness
worsening wound unit adult child ped peds pediatric paediatric newborn toddler teen male female patient patients
pregnancy pregnant trimester birads lirads pirads tirads lungrads rads recist investigational approved tested use only
output software application dataset testing file set cookie tools simple year years yr yrs yo month months week weeks
day days hour hours hr hrs minute minutes second seconds sec time times features demonstration document templates
reporting structured free form quad capture number position view technique quality poor limited adequate satisfactory
suboptimal repeat repeated addl additional extra routine standard special urgent stat portable mobile bedside
emergency polytrauma intraop intraoperative preop preoperative postop postoperative line lines tube placement check
picc ett catheter port drain drains pacemaker device implant implants hardware screw screws plate cage prosthetic
phantom qa qc test example tests sample calibration water acr uniformity template research trial baseline visit cycle
arm timepoint session run series echo frame frames stack group batch part plan beams beam arcs setup iso isocenter
isocentre target gtv ctv ptv itv oar prv dvh boost fraction fractions couch verification electron photon segmentation
segmentations segmented segment contour contours label labels mask annotation annotations measurement measurements tid
lut lossy lossless jpeg compressed uncompressed irreversible reversible ratio factor selection conversion point
transform scaled resampled medcom rgb mono monochrome palette signed unsigned slope intercept modality voi value
values rows columns pixel pixels color grayscale filter bowtie flat wedge al cu copper aluminum aluminium medium tiny
hot iron metal blue step steps projected fusion cerebral flow rcbf functional anatomic anatomical morphological
metabolic qualitative quantitative automatic auto manual generated computed computer aided cad detection navigation
stealth brainlab cyberknife gamma knife linac tomotherapy proton export import raw data save saved screen state
display reading code codes heading uid milliseconds microvolt qrs qt pr pp rr avf avl avr leads onset offset pqrst
holter spirometry up out off ruled ac nac mode
"""

#: Words that only connect: kept between kept words, dropped at a gap or an end.
CONNECTORS = """
a an and or of the for from to in on at as is are was were be been has have had this that these those it its into
under over between during after before per via than then if und oder mit ohne des der die das dem den im am auf zu zum
zur bei nach vor für fuer aus bis et ou avec sans de du le la les un une au aux en sur pour y e o con sin del el los
las una al sobre para di della dello dei delle degli il lo gli uno nel nella met zonder het een van bij na voor op
"""

#: The connectors that carry meaning of their own and may stand at an end.
KEPT_CONNECTORS = """
with without no not or plus minus versus vs incl including excl excluding only also all any each other same more less
mit ohne avec sans con sin senza met zonder kein keine
"""

#: Words of ours that are family names in some language, and that no list of names has.
ALSO_NAMES = """
back bauch beck becken bein brust finger herz lunge main nagel neck palm ringer schulter stern thumb vogel zahn zeh
"""

#: Sides, numbers in Roman letters and abbreviations of acquisition: a description needs them more than anybody's name.
NEVER_NAMES = """
right left both all any each no same other more only high low lower upper mid half full whole side sides ii iii iv vi ti te tr
fa lut max min mean ica ima iva iac lad lao rao us tri tia thor mets cal eco con mas sim dwi dose dixon doppler marker volume
endo peri trace range rate tomo flow fast slow week year day age
"""

#: Two words that are kept together, although one of them alone is not (names, colours, weekdays).
PHRASES = """
1st trimester|2nd trimester|3rd trimester|abdominal wall|b mode|baker cyst|ball joint|black blood|
bone sharp|bright blood|broad ligament|chem sat|chest wall|cold spot|cross ligament|cross section|
cross sectional|cross table|dark blood|fat sat|field map|field maps|field of|foot long|gray matter|
grey matter|gross total|head long|hot iron|hot spot|jpeg 2000|kidney stone|kidney stones|large field|
li re|line scan|long ax|long axis|long bone|long bones|long leg|lung sharp|m mode|mag images|
ng tube|no sat|pelvic floor|re li|renal cell|renal stone|renal stones|round ligament|sharp kernel|
short ax|short axis|small bowel|small field|small intestine|small parts|spec sat|spectral sat|
spring coil|squamous cell|stone protocol|vessel wall|view field|w con|w contrast|w o|w wo|water sat|
white matter|wo w
"""

DE = """
schädel schaedel hirn gehirn kopf hals halsweichteile nacken gesicht gesichtsschädel nasennebenhöhlen nnh nase auge
augen ohr felsenbein felsenbeine kiefer unterkiefer oberkiefer zunge kehlkopf rachen speiseröhre schilddrüse thorax
brust brustkorb brustwirbelsäule lendenwirbelsäule halswirbelsäule wirbelsäule wirbel hws bws lws gws isg kreuzbein
steißbein steissbein becken beckenübersicht hüfte hüften hüftgelenk schulter schultern schultergelenk schlüsselbein
oberarm ellbogen ellenbogen unterarm handgelenk handwurzel mittelhand finger daumen zeigefinger mittelfinger
ringfinger oberschenkel kniegelenk knie unterschenkel sprunggelenk osg usg ferse fuß fuss füße vorfuß rückfuß
mittelfuß zehe zehen großzehe rippe rippen brustbein lunge lungen herz leber gallenblase gallenwege milz niere nieren
nebenniere nebennieren bauchspeicheldrüse pankreas magen darm dünndarm dickdarm enddarm harnblase blase harnwege
gebärmutter eierstöcke prostata hoden gefäß gefäße arterie arterien arteriell arterielle venen vene venös venöse
halsgefäße beckengefäße beingefäße bein beine arm arme weichteile weichteil knochen gelenk gelenke sehne muskel
muskulatur rückenmark nerv nerven hypophyse kleinhirn innenohr ganzkörper ganzbein ganzbeinaufnahme mamma mammae
mammographie oberbauch unterbauch abdomen bauch leiste übersicht uebersicht aufnahme aufnahmen seitlich seitl links
rechts re bds beidseits beide beidseitig seite seiten vorne hinten oben unten oberes unteres obere untere quer längs
schräg axial sagittal koronar coronar transversal frontal stehend liegend sitzend im stehen liegen einbein belastung
zielaufnahme kontrolle verlauf verlaufskontrolle nativ nativem kontrastmittel kontrast km kmgabe früh spät spätphase
frühphase phase arteriellportalvenös portalvenös dünn dünnschicht schicht schichten schichtdicke weichteilfenster
knochenfenster lungenfenster fenster rekonstruktion rekonstruktionen rekon untersuchung befund bericht röntgen
roentgen röntgenaufnahme durchleuchtung durchl sonographie sono duplex magnetresonanztomographie mrt
computertomographie tomographie szintigraphie nuklearmedizin strahlentherapie bestrahlung bestrahlungsplanung planungs
planung angiographie biopsie punktion drainage intervention fraktur blutung tumor metastase metastasen metastasierung
entzündung abszess verdacht ausschluss frage postoperativ präoperativ op trauma polytrauma schmerz schmerzen
schwellung stenose thrombose embolie lungenembolie infarkt ischämie schlaganfall erguss pneumonie lungenentzündung
niereninsuffizienz herzinsuffizienz kinder kind säugling erwachsene erwachsener schwanger schwangerschaft schnell groß
dual angehaltener atem inspiration expiration freie atmung atemstopp ruhe funktionsaufnahmen aufnahmetechnik gewicht
serie serien bild bilder schritt schritte mm ebene ebenen thorakal lumbal zervikal schichtaufnahme schädelbasis
weichteilen einsehbar dringend
"""

FR = """
crâne crane cerveau cérébral cérébrale encéphale tête cou rachis cervical cervicale dorsal dorsale lombaire lombosacré
thorax poitrine poumon poumons cœur coeur foie rate rein reins surrénale surrénales pancréas vésicule biliaire estomac
intestin grêle côlon colon rectum vessie utérus ovaire ovaires prostate bassin hanche hanches genou genoux cheville
pied pieds orteil orteils jambe jambes cuisse épaule épaules bras coude coudes poignet poignets main mains doigt
doigts pouce clavicule omoplate côtes sternum sacrum coccyx sein seins mammographie abdomen abdominal abdominale
abdomino pelvien pelvienne pelvis sinus orbite orbites oreille oreilles rochers mandibule dent dents œil yeux larynx
pharynx thyroïde artère artères veine veines vaisseaux aorte carotide carotides tronc supra aortiques membre membres
inférieur inférieurs supérieur supérieurs droit droite gauche bilatéral face profil oblique axiale axial sagittale
coronale debout couché assis injecté injection injectée produit contraste temps artériel portal tardif précoce
séquence coupe coupes épaisseur fines fenêtre osseuse parenchymateuse reconstruction irm tdm scanner échographie
radiographie radio angiographie scintigraphie tep tomodensitométrie compte examen contrôle suivi bilan recherche
douleur fracture hémorragie tumeur lésion lésions métastase métastases embolie pulmonaire infarctus ischémie sténose
thrombose épanchement pneumopathie avc traumatisme suspicion post opératoire étapes entier corps moelle thoracique
lombosacrée avec encéphalique médullaire osseux urgences
"""

ES = """
cráneo craneo cerebro cerebral cabeza cuello columna cervical dorsal lumbar lumbosacra tórax torax pecho pulmón
pulmones corazón hígado higado bazo riñón riñones suprarrenal páncreas vesícula estómago intestino colon recto vejiga
útero ovarios próstata prostata pelvis cadera caderas rodilla rodillas tobillo tobillos pie pies pierna piernas muslo
hombro hombros brazo brazos antebrazo codo codos muñeca muñecas mano manos dedo dedos clavícula escápula costillas
esternón sacro cóccix mama mamas mamografía abdomen abdominal abdominopélvico senos paranasales órbita órbitas oído
oídos mandíbula dental ojo ojos laringe faringe tiroides arteria arterias vena venas vasos aorta carótida carótidas
troncos miembro miembros inferior inferiores superior superiores derecho derecha izquierdo izquierda bilateral frente
perfil oblicua oblicuo lateral axial sagital coronal decúbito simple contraste contrastado contrastada fase arterial
portal tardía venosa secuencia corte cortes grosor ventana ósea reconstrucción resonancia magnética rm tac tc
ecografía eco radiografía rx angiografía gammagrafía tomografía estudio examen control seguimiento dolor fractura
hemorragia tumor lesión lesiones metástasis embolia pulmonar infarto isquemia estenosis trombosis derrame neumonía
traumatismo completo cuerpo ambos ambas partes blandas médula
"""

IT = """
cranio encefalo cervello testa collo rachide colonna cervicale dorsale lombare lombosacrale torace petto polmone
polmoni cuore fegato milza reni surrene surreni pancreas colecisti vie biliari stomaco intestino colon retto vescica
utero ovaie prostata bacino anca anche ginocchio ginocchia caviglia caviglie piede piedi gamba gambe coscia spalla
spalle braccio avambraccio gomito polso mano mani dito dita clavicola scapola coste sterno sacro coccige mammella
mammelle mammografia addome addominale seni paranasali orbita orbite orecchio mandibola denti occhio occhi laringe
faringe tiroide arteria arterie vene vasi aorta carotide carotidi arti inferiori superiori arto inferiore superiore
destro destra sinistro sinistra bilaterale laterale obliqua assiale sagittale coronale carico mdc contrasto basale
diretto fase arteriosa portale tardiva venosa sequenza strato spessore finestra ossea ricostruzione risonanza
magnetica rmn tac ecografia radiografia rx angiografia scintigrafia tomografia esame studio controllo dolore frattura
emorragia tumore lesione lesioni metastasi embolia polmonare infarto ischemia stenosi trombosi versamento polmonite
trauma completo corpo midollo encefalica
"""

NL = """
schedel hersenen hoofd hals nek wervelkolom cervicale thoracale lumbale cwk twk lwk borst longen lever milt nier
nieren bijnier bijnieren alvleesklier galblaas maag darm dunne dikke blaas baarmoeder eierstokken prostaat bekken heup
heupen knie knieën enkel enkels voet voeten teen tenen onderbeen bovenbeen schouder schouders bovenarm onderarm
elleboog pols polsen vinger vingers duim sleutelbeen ribben borstbeen mammografie buik onderbuik bovenbuik sinussen
orbita oor kaak gebit oog ogen strottenhoofd schildklier slagader slagaders aders vaten aorta carotiden beenvaten
links rechts beiderzijds voorachterwaards dwars zijdelings staand liggend contrastmiddel contrast fase arterieel
portaal laat vroeg snede dikte venster bot weke delen reconstructie mri echo röntgen angiografie scintigrafie
onderzoek controle verslag pijn fractuur bloeding tumor laesie metastasen embolie infarct ischemie stenose trombose
vocht pneumonie trauma volledig lichaam beide rug ruggenmerg
"""

PT = """
crânio encéfalo cabeça pescoço coluna cervical lombar tórax pulmão pulmões coração fígado baço rim rins pâncreas
vesícula estômago intestino bexiga útero ovários próstata bacia pelve quadril joelho joelhos tornozelo pé pés perna
coxa ombro braço cotovelo punho mão mãos dedo clavícula costelas mama mamas abdome abdómen seios ouvido mandíbula
tireoide artéria direito direita esquerdo esquerda contraste ressonância tomografia ultrassom estudo exame
"""

#: Units as UCUM and console texts write them; matched in lower case, after a number.
UNITS = """
mm cm dm m um µm μm nm mm2 cm2 m2 mm3 cm3 cc ml dl l µl μl ul mg g kg ug µg μg ng lb lbs oz ms msec s sec secs min
mins h hr hrs hours hz khz mhz ghz kv kvp kev mev mv ma mas uas µas mgy cgy gy ugy gycm mgycm msv sv bq kbq mbq gbq
mci ci uci t tesla mt gauss hu suv % deg degree degrees ° mmhg kpa bpm fps ppm inch px pixel pixels rows slices sl slc
channel channels ch nex nsa fx vol phases phase views view images echoes echo dirs dir directions averages yr yrs year
years y yo wk wks week weeks mo month months day days d x fold cgycm cgycm2 mls cl ppi dpi bit bits scan scans plane
planes chamber chambers shot shots point points vessel ebenen
"""

#: Small pieces of MR protocol names that are written without a break; used only where a digit stands among them.
GLUE = """
ax axi axial sag sagittal cor coronal tra trans tvs obl oblique iso st ss t1 t2 t2star t1rho t2prep pd pdw dp w wi we
fs fsat nofs fatsat spair spir stir ir tir tirm flair df dark fse frfse tse tset se ge gre tfe ffe tfl fl fl2d fl3d tf
tfi fisp trufi mpr mprage mp2rage ns nsat bravo spc space cube vista vibe vfl ep ep2d ep3d epi dwi dw diff adc trace
tracew swi tof mra pc ce pre post gad gado gd km con c cm bh nav rt resp trig gated dyn dynamic early late art ven 2d
3d 4d hr highres hires lowres res thin thick dixon dix opp in out ip op water fat head brain spine neck knee hip ankle
wrist shoulder foot hand pelvis abd liver prostate cspine tspine lspine blade p2 p3 p4 s2 s4 pat2 pat3 pat4 mb sms
rest bold pasl asl perf moco b0 b1 mm wfs irfspgr spgr fspgr stack rep me mecho cine psir lge molli map maps long
short ap pa lr rl is si fh hf ref blank m v r l nd sub mip minip std soft sharp bone lung x y z a p s
"""

#: Never kept on their own: what a date is made of. A month or a weekday tells a date (E.3.5 leaves no dates).
DATE_WORDS = """
january february march april may june july august september october november december jan feb mar apr jun jul aug sep
sept oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
januar jänner jaenner februar märz maerz mai juni juli oktober dezember okt dez montag dienstag mittwoch donnerstag
freitag samstag sonnabend sonntag janvier février fevrier mars avril juin juillet août aout septembre octobre novembre
décembre decembre janv févr avr juil lundi mardi mercredi jeudi vendredi samedi dimanche enero febrero marzo abril
mayo junio julio agosto septiembre setiembre octubre noviembre diciembre ene abr ago dic lunes martes miércoles
miercoles jueves viernes sábado sabado domingo gennaio febbraio aprile maggio giugno luglio settembre ottobre dicembre
gen mag giu lug ott lunedì martedì mercoledì giovedì venerdì lunedi martedi mercoledi giovedi venerdi januari februari
maart mei augustus maandag dinsdag woensdag donderdag vrijdag zaterdag zondag janeiro fevereiro março marco maio junho
julho setembro outubro novembro dezembro segunda terça quarta quinta sexta today yesterday tomorrow heute gestern
morgen hoy ayer oggi ieri aujourd hui hier vandaag gisteren dob born geboren geb né née nacido nacida nato nata
naissance birth birthday birthdate geburtsdatum date datum fecha data spring summer autumn fall winter easter
christmas xmas ramadan am pm uhr
"""

#: After these a person, an id or a place follows: they go, with what follows.
BEFORE_NAMES = """
dr drs prof professor doctor doktor dott dottssa dottoressa doctora dra docteur mister mrs miss mme mlle madame
monsieur sra srta señor señora senor senora herr frau hr fr sig signor signora signore dhr mevr mevrouw meneer mej
dhrmw by ref refer referred referring referrer ordered ordering requested requesting requestor performed performing
tech techs technologist technician technicians radiographer radiologist sonographer nurse physician physicians surgeon
consultant attending resident fellow intern operator reader readby signed dictated transcribed reviewed verified
approvedby mta mtra mtar arzt ärztin aerztin oberarzt chefarzt assistenzarzt zuweiser überweiser ueberweiser schwester
pfleger médecin medecin infirmier infirmière manipulateur médico medico medica enfermera enfermero técnico tecnico
tecnica infermiere verpleegkundige laborant behandelaar von durch par por da door vom name names named surname
lastname firstname forename nachname vorname nom prénom prenom nombre apellido apellidos nome cognome naam achternaam
voornaam patname patientname ptname pat mother father mom dad son daughter brother sister mutter vater witwe sohn
tochter bruder née geb geborene mère père madre padre hijo hija figlio figlia moeder ward station room zimmer bett
floor stockwerk etage piso planta reparto kamer afdeling abteilung chambre salle sala lit letto bldg building suite
apt apartment street road avenue boulevard rue via calle piazza plaza platz avenida allee straat address adresse
dirección indirizzo phone tel telephone telefon teléfono telefono fax pager mail email kontakt mrn id ids pid patid
patientid ssn nhs nr num acc accession accno accessionno orderno caseno fallnr fallnummer visitno account acct
insurance versicherung versichertennummer passport dni nif cpf ahv svnr hospital klinik klinikum krankenhaus spital
hôpital hopital ospedale ziekenhuis clínica clinica clinique clinic praxis universität university université
universidad università zentrum institut institute institution department dept facility city town village stadt ort
ville ciudad città stad county attn colleague kollege kollegin baby boy girl babyboy babygirl bg bb bed icu sgt rev
fam mag ing dipl med dña doña don mw sigra st ste saint san santa santo sankt sant mc mac bin ibn bint abu esq graf
baron
"""

#: Before these a person or a place stood: they go, with what stood before.
AFTER_NAMES = """
md mds phd rn rns frcr frcp frcs mbbs mbchb dds dmd jr esq esquire dipl street road avenue ave blvd boulevard lane
drive square court strasse straße str gasse weg allee straat laan hospital clinic klinik klinikum krankenhaus spital
ospedale ziekenhuis clinique university universität institute institut zentrum praxis department dept ward suite floor
building campus
"""

#: Proper nouns of concept meanings that the list of names lacks: eponyms, places, makers.
EPONYMS = """
aapm agatston arcelin balke bazett bayesian beath beclere bernoulli bernthsen bessel blackett blalock boothby brenner
brewerton broden broselow butterworth cahoon carnoy causton chassard chausse chebyshev chitkara chitty chord clark
cleaves cockroft colcher couinaud coventry danelius dodge doubilet ellestad esur euler eustachian fallot feulgen fisk
fleisch fleischner folio fontan framingham ganz gault gaussian geud giacomini gieson goldstein gorlin grashey grunwald
hadlock haigis hansmann hawaiian healthcare helly henschen hirtz hodgkin hohler holladay holmblad holter hounsfield
hughston hunterian ischerwood isherwood janma janmahasatian jeanty jenner joslin judet kandel kasabach kovacs
kuchendorf kurtz kurzbauer kutta lagrangian laquerriere lauenstein leishman lessoway levenberg luten lysholm mayden
merkel mustard nakayama neelsen nolke nomarski norgaard norland nottingham ottonello osaka paget party pawlow penner
pierquin pirie pittsburgh poiseuille policy prinzmetal prussian rafer rafert rano rempen rheinberg rhese romanowsky
rombo runge sabbagha scheimpflug schiff schonberg schwartz senning settegast shinozuka stansel staunig stocli stryker
sussman swann sénarmont tarrant taussig taylor tec tei teichholz teufel titterington todaro tokyo toronto
trendelenburg twining valdini velasquez wigby women xmab yarkoni zanelli zenker ziehl adjudicator administrator
attending author authorizing clothing colleague consulting country deceased departed fellow fellows intern personnel
physicist practitioner resident reviewer requesting referring sonologist sonographer surgeon therapist dosimetrist
examiner trainee user uncle aunt sibling spouse committee association federation registry agency organization
organizations board society nation american asian caucasian african european black blacks hispanic jewish christian
muslim hindu arab iberian prisoner veteran military army navy airport prison jail school church iowa texas london
paris berlin boston alexander bernard hubert georges simpson
"""

#: Glued short words that orientation and kind make: `axflair`, `sagstir`.
ORIENTATIONS = "ax axi sag cor tra obl"
KINDS = "flair stir dwi adc dti tse fse gre pd pdfs swi mip mpr mprage vibe haste ssfse fiesta trufi bravo cube space lava fs"
