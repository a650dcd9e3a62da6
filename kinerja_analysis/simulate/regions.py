"""The four regions of the demo. Names and codes are real places; every employee and every figure is invented.

The planted problem of each region is stated beside it; all else is ordinary. Assumptions made for power: the
share of Sangat Baik is 16 % in Kuranji and 15 % in Batanghari instead of the national 11.3 %.
"""

from __future__ import annotations

from kinerja_analysis.base import tables
from kinerja_analysis.simulate.plan import NATIONAL, Form, Habits, Indicator, Opd, Plan, Planted, with_top

BERAKHLAK = tuple(map(tables.plain, tables.BERAKHLAK))
_SUPERVISOR_PEER_SELF = ("supervisor", "peer", "self")

#: Planted: in 2025 supervisors favour employees of their own place of origin, in the quarterly ratings and in 360.
KURANJI = Plan(
    code="13.71.09", name="Kuranji", slug="kuranji", instansi="Pemerintah Kota Padang", size=600,
    bps="1371090", province="Sumatera Barat", parent="13.71", framework="kuranji", head="Camat",
    quarterly=True, groups=("pesisir", "perbukitan"), cells=with_top(NATIONAL, 0.16),
    opds=(
        Opd("Kecamatan Kuranji", "office", 0.28, "Kelurahan Contoh {i:02d}", (5, 9), 1, _SUPERVISOR_PEER_SELF),
        Opd("Dinas Kesehatan", "clinic", 0.27, "Puskesmas Contoh {i:02d}", (5, 9), 1, _SUPERVISOR_PEER_SELF),
        Opd("Dinas Pendidikan", "school", 0.45, "SD Contoh {i:02d}", (6, 10)),
    ),
    form=Form(("efisiensi", "efektivitas", "dampak"), (0, 100), 1, 78, 7, "csv"),
    planted=Planted(own_group=0.60, own_group_score=0.90, years=(2025,)),
)  # fmt: skip

#: Planted: every supervisor of two units is lenient; supervisors rotate between units in 2025. Community satisfaction
#: is measured by others.
SALOR = Plan(
    code="93.01", name="Salor", slug="salor", instansi="Pemerintah Kab. Merauke", size=1500,
    province="Papua Selatan", framework="salor",
    opds=(
        Opd("Dinas Kesehatan", "clinic", 0.34, "Puskesmas Contoh {i:02d}", (17, 20), 2, _SUPERVISOR_PEER_SELF),
        Opd("Dinas Pendidikan", "school", 0.30, "SMP Contoh {i:02d}", (8, 24)),
        Opd("Dinas Kependudukan dan Pencatatan Sipil", "office", 0.12, "Loket Layanan {i:02d}", (6, 12), 1,
            _SUPERVISOR_PEER_SELF),
        Opd("Dinas Pertanian", "office", 0.12, "Balai Penyuluhan {i:02d}", (5, 12)),
        Opd("Distrik Kurik", "office", 0.12, "Seksi Distrik {i:02d}", (5, 10)),
    ),
    form=Form(("pencapaian_target", "disiplin", "inovasi", "pelayanan_publik"), (1, 10), 1, 6.4, 0.9, "xlsx_long"),
    indicators=(
        Indicator("layanan_selesai", ("clinic", "office"), "kuantitas", 240, 1.0, 0.10, 0.4, "rater", whole=True),
        Indicator("waktu_layanan", ("clinic", "office"), "waktu", 5, 0.95, -0.12, 0.2, "rater", "lower"),
        Indicator("kepuasan_masyarakat", ("clinic", "office"), "kualitas", 80, 1.01, 0.07, 0.4, "other"),
    ),
    planted=Planted(lenient_units=2, lenient=1.10, lenient_score=2.10, rotation=0.15, rotation_year=2025),
)  # fmt: skip

#: Planted: employees rate themselves higher than others do; peers return favours. Dinas Pendidikan: superior, self.
MAMUJU = Plan(
    code="76.02", name="Mamuju", slug="mamuju", instansi="Pemerintah Kab. Mamuju", size=2000,
    bps="7604", province="Sulawesi Barat", framework="mamuju",
    opds=(
        Opd("Dinas Pendidikan", "school", 0.42, "SD Contoh {i:02d}", (8, 30), 1, ("supervisor", "self")),
        Opd("Dinas Kesehatan", "clinic", 0.20, "Puskesmas Contoh {i:02d}", (6, 14), 1, _SUPERVISOR_PEER_SELF),
        Opd("Dinas Pekerjaan Umum", "office", 0.10, "Bidang Pekerjaan {i:02d}", (5, 12), 1, _SUPERVISOR_PEER_SELF),
        Opd("Dinas Sosial", "office", 0.10, "Bidang Sosial {i:02d}", (5, 12), 1, _SUPERVISOR_PEER_SELF),
        Opd("Badan Kepegawaian", "office", 0.06, "Bidang Kepegawaian {i:02d}", (5, 10), 1, _SUPERVISOR_PEER_SELF),
        Opd("Sekretariat Daerah", "office", 0.12, "Bagian {i:02d}", (5, 12)),
    ),
    form=Form(("pencapaian_target", "disiplin", "inisiatif"), (1, 5), 0.5, 3.4, 0.45, "csv_semicolon", mutual=True),
    planted=Planted(self_shift=0.95, reciprocity=0.50),
    habits=Habits(two_rows=True),
)  # fmt: skip

#: Planted: half of the supervisors order their staff without regard to achievement; half of the supervisors of the
#: 360 part give one overall impression to all seven criteria.
BATANGHARI = Plan(
    code="15.04", name="Batanghari", slug="batanghari", instansi="Pemerintah Kab. Batanghari", size=2000,
    bps="1504", province="Jambi", framework="batanghari", cells=with_top(NATIONAL, 0.15),
    opds=(
        Opd("Dinas Pendidikan", "school", 0.44, "SMP Contoh {i:02d}", (17, 32), 1,
            ("supervisor", "peer", "subordinate")),
        Opd("Dinas Kesehatan", "clinic", 0.22, "Puskesmas Contoh {i:02d}", (6, 14)),
        Opd("Dinas Pelayanan Terpadu Satu Pintu", "office", 0.10, "Loket Layanan {i:02d}", (6, 12)),
        Opd("Dinas Perikanan", "office", 0.12, "Balai Perikanan {i:02d}", (5, 12)),
        Opd("Sekretariat Daerah", "office", 0.12, "Bagian {i:02d}", (5, 12)),
    ),
    form=Form(BERAKHLAK, (0, 100), 1, 77, 6, "xlsx_wide"),
    indicators=(
        Indicator("jumlah_layanan", ("clinic", "office"), "kuantitas", 240, 1.0, 0.10, 0.4, "rater", whole=True),
        Indicator("kepuasan_masyarakat", ("clinic", "office"), "kualitas", 80, 1.01, 0.07, 0.35, "other"),
        Indicator("inovasi", ("clinic", "office"), "kuantitas", 4, 1.0, 0.30, 0.25, "rater", whole=True),
        Indicator("nilai_ujian", ("school",), "kualitas", 75, 1.01, 0.08, 0.6, "other"),
        Indicator("akreditasi", ("school",), "kualitas", 85, 1.01, 0.05, 0.4, "other", per_unit=True),
    ),
    planted=Planted(ignores=0.50, halo=0.50),
    habits=Habits(two_rows=True),
)  # fmt: skip

DEMO = (KURANJI, SALOR, MAMUJU, BATANGHARI)
