package demo

import "strings"

// Names common in the region, written down for this package. Uzbek ones are
// in Latin script with the turned comma (U+02BB) in oʻ and gʻ.
var (
	russianMen = strings.Fields(`
		Александр Алексей Анатолий Андрей Антон Аркадий Артём Артур Борис Вадим Валентин Валерий Василий
		Виктор Виталий Владимир Владислав Вячеслав Геннадий Георгий Глеб Григорий Даниил Денис Дмитрий
		Евгений Егор Иван Игорь Илья Кирилл Константин Лев Леонид Максим Марк Матвей Михаил Никита Николай
		Олег Павел Пётр Роман Руслан Семён Сергей Станислав Степан Тимофей Тимур Фёдор Филипп Эдуард Юрий
		Ярослав`)
	russianWomen = strings.Fields(`
		Александра Алёна Алина Алиса Алла Анастасия Ангелина Анна Антонина Валентина Валерия Варвара Вера
		Вероника Виктория Галина Дарья Диана Ева Евгения Екатерина Елена Елизавета Жанна Зинаида Зоя Инна
		Ирина Карина Кира Кристина Ксения Лариса Лидия Любовь Людмила Маргарита Марина Мария Надежда Наталья
		Нина Оксана Олеся Ольга Полина Раиса Светлана София Таисия Тамара Татьяна Ульяна Эльвира Юлия Яна`)
	russianSurnames = strings.Fields(`
		Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков
		Алексеев Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин
		Захаров Зайцев Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин Фролов
		Александров Дмитриев Королёв Гусев Киселёв Ильин Максимов Поляков Сорокин Виноградов Ковалёв Белов
		Медведев Антонов Тарасов Жуков Баранов Филиппов Комаров Давыдов Беляев Герасимов Богданов Осипов
		Сидоров Матвеев Титов Марков Миронов Крылов Куликов Карпов Власов Мельников Денисов Гаврилов Тихонов
		Казаков Афанасьев Данилов Савельев Тимофеев Фомин Чернов Абрамов Мартынов Ефимов Федотов Щербаков
		Назаров Калинин Исаев Чернышёв Быков Маслов Родионов Коновалов Лазарев Воронин Климов Филатов
		Пономарёв Голубев Кудрявцев Прохоров Наумов Потапов Журавлёв Овчинников Трофимов Леонов Соболев
		Ермаков Колесников Гончаров Емельянов Никифоров Грачёв Котов Гришин Ефремов Архипов Громов Кириллов
		Малышев Панов Моисеев Румянцев Акимов Кондратьев Бирюков Горбунов Анисимов Ерёмин Троицкий
		Покровский Вознесенский Белинский Садовский Толстой Шевченко Ткаченко Бондаренко Коваленко Ким Цой
		Пак Ли Шмидт Вагнер`)
	uzbekMen = strings.Fields(`
		Abbos Abdulla Abdurahmon Abror Adham Akbar Akmal Alisher Anvar Asror Aziz Azamat Bahodir Bahrom
		Baxtiyor Bekzod Behruz Botir Bunyod Davron Dilmurod Diyorbek Doniyor Doston Elbek Eldor Elyor Farhod
		Farrux Fayzulla Firdavs Gʻayrat Gʻofur Habib Hamid Hasan Husan Ibrohim Ilhom Islom Ismoil Jahongir
		Jamshid Jasur Javohir Kamol Komil Laziz Lutfulla Mahmud Mansur Maʼruf Mirzo Muhammad Murod Muzaffar
		Nodir Nurali Odil Olim Omon Otabek Oybek Qahramon Qodir Ravshan Rustam Sanjar Sardor Sarvar Shavkat
		Sherzod Shuhrat Sirojiddin Suhrob Temur Tohir Tolib Ulugʻbek Umid Usmon Xurshid Yusuf Zafar Ziyod
		Oʻktam Shohruh Asadbek Islombek Mirjalol`)
	uzbekWomen = strings.Fields(`
		Aziza Adiba Barno Bahora Charos Dildora Dilfuza Dilnoza Dilorom Dilrabo Durdona Feruza Fotima Farida
		Gavhar Gulbahor Gulchehra Gulnora Gulsanam Guli Hilola Hulkar Iroda Jamila Kamola Komila Laylo Lobar
		Lola Madina Mahliyo Malika Maftuna Maʼmura Marjona Mavluda Moʻtabar Mohira Muhabbat Munisa Muqaddas
		Nafisa Nargiza Nasiba Nigora Nilufar Nodira Noila Oygul Oydin Ozoda Parizod Qunduz Raʼno Robiya
		Rohila Sabina Sadoqat Saida Salomat Sevara Sitora Shahlo Shahnoza Shahzoda Shoira Surayyo Tamara
		Umida Xadicha Xolida Xurshida Yulduz Zamira Zarina Zebo Zilola Ziyoda Zuhra Zulfiya Oʻgʻiloy`)
	uzbekSurnames = strings.Fields(`
		Abdullayev Abduraxmonov Abdurahimov Ahmedov Akbarov Akramov Aliyev Alimov Aminov Asqarov Azimov
		Boboyev Boymurodov Choriyev Davlatov Ergashev Eshmatov Eshonqulov Fayziyev Gʻaniyev Gʻofurov Gʻulomov
		Hakimov Hamidov Hamroyev Hasanov Haydarov Hikmatov Holmatov Husanov Ibragimov Isroilov Ismoilov
		Jabborov Jalilov Joʻrayev Jumayev Kamolov Karimov Komilov Latipov Mahkamov Mahmudov Mamatov
		Mansurov Meliyev Mirzayev Mirzaahmedov Muminov Murodov Musayev Nabiyev Narzullayev Nazarov Negmatov
		Niyozov Nishonov Normatov Normurodov Nosirov Nurmatov Obidov Olimov Ortiqov Otajonov Oʻrinov Pardayev
		Poʻlatov Qahhorov Qodirov Qosimov Qurbonov Rahimov Rahmonov Rahmatullayev Rajabov Rasulov Roʻziyev
		Rustamov Saidov Salimov Salomov Samatov Sattorov Shodiyev Sharipov Sobirov Soliyev Sultonov Tojiyev
		Toʻrayev Toshmatov Toshpoʻlatov Tursunov Umarov Usmonov Valiyev Vohidov Xalilov Xodjayev Xoliqov
		Xudoyberdiyev Yoqubov Yoʻldoshev Yunusov Yusupov Zokirov Ziyayev`)
)

// feminine is a surname as a woman bears it; surnames that do not bend stay.
func feminine(surname string) string {
	for _, e := range []struct{ from, to string }{
		{"ский", "ская"}, {"цкий", "цкая"}, {"ый", "ая"}, {"ой", "ая"},
		{"ов", "ова"}, {"ев", "ева"}, {"ёв", "ёва"}, {"ин", "ина"}, {"ын", "ына"},
		{"ov", "ova"}, {"ev", "eva"},
	} {
		// Цой is a Korean name of one syllable, and does not bend.
		if stem, ok := strings.CutSuffix(surname, e.from); ok && len([]rune(stem)) > 1 {
			return stem + e.to
		}
	}
	return surname
}

var latin = strings.NewReplacer(
	"а", "a", "б", "b", "в", "v", "г", "g", "д", "d", "е", "e", "ё", "e", "ж", "zh", "з", "z", "и", "i", "й", "y",
	"к", "k", "л", "l", "м", "m", "н", "n", "о", "o", "п", "p", "р", "r", "с", "s", "т", "t", "у", "u", "ф", "f",
	"х", "h", "ц", "ts", "ч", "ch", "ш", "sh", "щ", "sch", "ъ", "", "ы", "y", "ь", "", "э", "e", "ю", "yu", "я", "ya",
	"ʻ", "", "ʼ", "",
)

// mailbox is a name as it stands before the @.
func mailbox(name string) string { return latin.Replace(strings.ToLower(name)) }
